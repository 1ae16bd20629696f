// Sentences to the model as words in a row: looked for by their last word, and then read back.

/** Words in a row: one of `first`, up to six of `between` and `marks`, and one of `last`. All in lower case. */
export type PhraseRow = {
  readonly language: string;
  readonly first: readonly string[];
  readonly between: readonly string[];
  /** Words of which one must stand between; null: none must. */
  readonly marks: readonly string[] | null;
  /** What the phrase ends in, or its last word begins with. */
  readonly last: readonly string[];
};

/** Phrases that tell the model to forget what it was told. */
export const OVERRIDES: readonly PhraseRow[] = [
  {
    language: "en",
    first: words("ignore disregard forget override bypass neglect discard ignoring disregarding"),
    between: words("the of that this these those above and from me given"),
    marks: words(
      "all any every your my previous prior above earlier preceding existing original initial system former foregoing other",
    ),
    last: ["instruction", "directive", "guideline", "system prompt", "system message"],
  },
  {
    language: "en",
    first: words("ignore disregard forget override discard"),
    between: words("all any the of your my these those"),
    marks: words("previous prior earlier preceding foregoing"),
    last: ["directions", "prompt", "commands", "orders", "context", "rules", "messages"],
  },
  {
    language: "en",
    first: words("ignore disregard forget"),
    between: words("that you were i have been all"),
    marks: words("everything anything"),
    last: ["above", "before", "you were told", "you have been told"],
  },
  {
    language: "en",
    first: words("follow obey"),
    between: words("your the any of"),
    marks: words("not never previous prior"),
    last: ["previous instructions", "prior instructions", "original instructions"],
  },
  {
    language: "de",
    first: words("ignoriere ignorieren ignorier vergiss vergesse vergessen missachte missachten übergehe"),
    between: words("sie bitte die deine ihre der"),
    marks: words("alle alles vorherigen bisherigen vorigen früheren obigen vorangegangenen ursprünglichen"),
    last: ["anweisung", "instruktion", "vorgaben", "befehle", "systemprompt"],
  },
  {
    language: "fr",
    first: words("ignore ignorez ignorer oublie oubliez oublier"),
    between: words("toutes tous les tes vos des de consignes instructions directives ordres"),
    marks: words("instructions consignes directives ordres"),
    last: ["précédente", "antérieure", "ci-dessus", "système", "initiales"],
  },
  {
    language: "es",
    first: words("ignora ignore ignorar olvida olvide olvidar descarta omite"),
    between: words("todas todos las los tus sus de"),
    marks: words("instrucciones órdenes indicaciones directrices"),
    last: ["anteriores", "previas", "previos", "iniciales", "del sistema"],
  },
  {
    language: "it",
    first: words("ignora ignori ignorate ignorare dimentica dimenticate"),
    between: words("tutte le tue i gli"),
    marks: words("istruzioni indicazioni direttive"),
    last: ["precedenti", "iniziali", "di sistema"],
  },
  {
    language: "pt",
    first: words("ignore ignora ignorar esqueça esquece desconsidere"),
    between: words("todas as suas tuas os"),
    marks: words("instruções orientações diretrizes ordens"),
    last: ["anteriores", "prévias", "iniciais", "do sistema"],
  },
  {
    language: "nl",
    first: words("negeer negeren vergeet"),
    between: words("de je uw van"),
    marks: words("alle vorige eerdere voorgaande bovenstaande"),
    last: ["instructies", "opdrachten", "aanwijzingen", "richtlijnen"],
  },
  {
    language: "pl",
    first: words("zignoruj ignoruj zapomnij pomiń"),
    between: words("o te swoje"),
    marks: words("wszystkie wszystkich poprzednie poprzednich wcześniejsze wcześniejszych"),
    last: ["instrukcje", "instrukcjach", "polecenia", "poleceniach"],
  },
  {
    language: "ru",
    first: words("игнорируй игнорируйте проигнорируй забудь забудьте"),
    between: words("о эти свои"),
    marks: words("все всех предыдущие предыдущих прежние прошлые вышеуказанные"),
    last: ["инструкци", "указани", "команды", "правила"],
  },
  {
    language: "uk",
    first: words("ігноруй ігноруйте забудь"),
    between: words("про ці свої"),
    marks: words("усі всі попередні"),
    last: ["інструкції", "вказівки"],
  },
  {
    language: "tr",
    first: words("önceki yukarıdaki"),
    between: words("tüm bütün"),
    marks: words("talimatları talimatlarını yönergeleri komutları"),
    last: ["yok say", "unut", "görmezden gel", "dikkate alma"],
  },
  {
    language: "id",
    first: words("abaikan lupakan"),
    between: words("semua seluruh"),
    marks: words("instruksi perintah arahan"),
    last: ["sebelumnya", "di atas"],
  },
  {
    language: "vi",
    first: words("bỏ"),
    between: words("qua tất cả các mọi"),
    marks: words("dẫn lệnh hướng"),
    last: ["trước đó", "ở trên"],
  },
  {
    language: "ar",
    first: words("تجاهل تجاهلي انس"),
    between: words("جميع كل"),
    marks: words("التعليمات الأوامر"),
    last: ["السابقة"],
  },
  {
    language: "hi",
    first: words("पिछले पिछली पूर्व"),
    between: words("सभी सारे"),
    marks: words("निर्देशों निर्देश आदेशों"),
    last: ["को अनदेखा", "को भूल", "अनदेखा कर"],
  },
];

/** Phrases that ask for what the model was told. */
export const SECRETS: readonly PhraseRow[] = [
  {
    language: "en",
    first: words("reveal print repeat output show display leak disclose expose share dump"),
    between: words("me us the full entire exact complete hidden verbatim whole secret with and"),
    marks: words("your initial original"),
    last: ["system prompt", "system message", "system instructions", "initial prompt", "hidden instructions"],
  },
  {
    language: "en",
    first: words("reveal leak disclose expose"),
    between: words("your me full entire exact complete hidden initial original"),
    marks: words("the"),
    last: ["system prompt"],
  },
];

/** Overrides in scripts that put no space between words: one of each, in a row. */
export const UNSPACED: readonly (readonly (readonly string[])[])[] = [
  [
    words("忽略 无视 無視 忘记 忘記 不要理会"),
    ["所有的", "所有", "一切", "你", ""],
    words("之前的 以前的 以上的 以上 先前的 前面的 上述的 上述 之前"),
    ["所有的", "所有", "全部", ""],
    words("指令 指示 说明 說明 提示词 提示 命令"),
  ],
  [
    words("以前の これまでの 上記の 前の すべての"),
    ["すべての", ""],
    words("指示 命令 プロンプト"),
    words("を無視 をすべて無視 を全て無視 を忘れ は無視 はすべて無視"),
  ],
  [
    ["이전 ", "이전의 ", "위의 ", "앞의 "],
    ["모든 ", ""],
    words("지시 지시사항 명령 지침"),
    ["을 무시", "를 무시", "을 모두 무시", "를 모두 무시", "은 무시", "는 무시", " 무시"],
  ],
];

function words(list: string): readonly string[] {
  return list.split(" ");
}
