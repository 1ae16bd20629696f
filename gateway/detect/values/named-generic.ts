// Names that mean a secret whoever gave it: passwords in many languages, keys, tokens, credentials.
import { DETECT_SECRETS, GITLEAKS } from "./sources.ts";
import type { NamedSecretRow } from "./table.ts";

/** All that is visible but quotation marks, angle brackets and semicolons, which end a value. */
const VISIBLE = "[^\"'`<>;]";
/** What tokens are written with; a bracket or a comma ends one. */
const OPAQUE = "[\\w.+/=~:@!$%*|-]";
/** Words of a seed phrase (BIP 39) have three to eight letters. */
const SEED_WORD = "[a-z]{3,8}";

/** The rows of names that mean a secret by themselves. */
export const GENERIC_SECRETS: readonly NamedSecretRow[] = [
  {
    id: "generic_password",
    title: "Password",
    names: (
      "password passwd passphrase passcode pass_word pass pwd dbpass userpass rootpw adminpw " +
      // German, French, Spanish, Portuguese, Italian, Dutch
      "passwort kennwort losungswort mot_de_passe contraseña contrasena contrasenya senha palavra_passe parola " +
      "parola_chiave wachtwoord " +
      // Nordic, Baltic, Finnic
      "lösenord losenord adgangskode kodeord passord lykilorð salasana parool slaptažodis slaptazodis parole " +
      // Slavic
      "hasło haslo heslo geslo lozinka zaporka пароль парола лозинка " +
      // Others of Europe and beyond
      "jelszó jelszo şifre sifre parolă fjalëkalimi pasahitza κωδικός κωδικος συνθηματικό " +
      "kata_sandi sandi mật_khẩu mat_khau 密码 密碼 口令 パスワード 暗証番号 비밀번호 암호 " +
      "סיסמה סיסמא كلمة_المرور كلمة_السر رمز_عبور गुप्तशब्द पासवर्ड รหัสผ่าน"
    ).split(" "),
    shapes: [`${VISIBLE}{8,128}`],
    entropy: 2,
    source: DETECT_SECRETS,
  },
  {
    id: "generic_secret",
    title: "Secret",
    names: ["secret", "geheimnis", "secreto", "segredo", "segreto"],
    shapes: [`${VISIBLE}{10,256}`],
    entropy: 3,
    source: GITLEAKS,
  },
  {
    id: "generic_token",
    title: "Token",
    names: ["token", "jeton", "токен", "トークン", "令牌"],
    shapes: [`${OPAQUE}{10,1024}`],
    entropy: 2.8,
    source: GITLEAKS,
  },
  {
    id: "generic_key",
    title: "API key, access key or key of a cipher",
    names: (
      "api_key access_key account_key admin_key aes_key app_key application_key auth_key consumer_key cookie_key " +
      "decryption_key deploy_key encrypt_key encryption_key hmac_key host_key ingest_key ingestion_key " +
      "instrumentation_key integration_key jwt_key license_key licence_key master_key primary_key_value private_key " +
      "read_key rpc_key server_key service_key service_role_key session_key shared_key signature_key signing_key " +
      "ssh_key storage_key subscription_key webhook_key write_key x_functions_key preshared_key " +
      "api_schlüssel api_schluessel clé_api cle_api clave_api clave_de_api chave_api chave_de_api chiave_api " +
      "ключ_api api_ключ apiキー api密钥 密钥 秘钥"
    ).split(" "),
    shapes: [`${OPAQUE}{10,512}`],
    entropy: 3,
    source: GITLEAKS,
  },
  {
    id: "generic_credential",
    title: "Credential, or what an Authorization header holds",
    names: [
      "credential",
      "credentials",
      "creds",
      "authorization",
      "auth",
      "proxy_authorization",
      "x_auth",
      "bearer",
    ],
    shapes: [`${OPAQUE}{12,1024}`],
    entropy: 3.3,
    source: GITLEAKS,
  },
  {
    id: "generic_session",
    title: "Session cookie",
    names: [
      "phpsessid",
      "jsessionid",
      "connect.sid",
      "laravel_session",
      "rack.session",
      "wordpress_logged_in",
      "session_cookie",
      "asp.net_sessionid",
    ],
    shapes: [`${OPAQUE}{16,1024}`],
    entropy: 3.3,
    source: DETECT_SECRETS,
  },
  {
    id: "generic_salt",
    title: "Salt, pepper or nonce of a keyed digest",
    names: ["salt", "pepper", "auth_salt", "nonce_salt"],
    shapes: [`${VISIBLE}{16,256}`],
    entropy: 3.5,
    source: DETECT_SECRETS,
  },
  {
    id: "generic_one_time_code",
    title: "Recovery or backup code",
    names: ["recovery_code", "backup_code", "recovery_key", "wiederherstellungscode", "code_de_secours"],
    shapes: [`${VISIBLE}{8,128}`],
    entropy: 2.5,
    source: DETECT_SECRETS,
  },
  {
    id: "generic_seed_phrase",
    title: "Seed phrase of a wallet (BIP 39)",
    names: ["mnemonic", "seed_phrase", "recovery_phrase", "secret_phrase", "wallet_seed"],
    shapes: [24, 21, 18, 15, 12].map((words) => Array.from({ length: words }, () => SEED_WORD).join(" ")),
    entropy: 3,
    source: "https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki",
  },
];
