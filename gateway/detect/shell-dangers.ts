// The destructive forms of commands, by program: what each must be called with to count as one.
import type { Argument } from "./shell-expand.ts";
import type { Redirect } from "./shell-parse.ts";

/** A command with its program named and its words expanded. */
export type Call = { readonly program: string; readonly args: readonly Argument[] };

const DEVICE =
  /^\/dev\/(?:sd|hd|vd|xvd|nvme|mmcblk|disk|rdisk|loop|md|dm-|mapper\/|mem\b|kmem\b|port\b|block\/)/;
const SYSTEM_FILE =
  /^(?:\/etc\/(?:passwd|shadow|group|gshadow|sudoers|fstab|hosts|crontab|ld\.so\.preload|ssh\/|pam\.d\/|cron|sudoers\.d\/|init\.d\/|systemd\/|profile)|\/boot\/|\/proc\/sysrq-trigger|\/sys\/|\/lib\/|\/usr\/(?:lib|bin|sbin)\/|\/s?bin\/|(?:~|\/root|\/home\/[^/]+)\/\.ssh\/authorized_keys)/;
const PROTECTED =
  /^(?:\/|\/\*|\/\.|~|~\/?\*?|\.|\.\/?\*?|\.\.(?:\/.*)?|\*|\/(?:bin|boot|dev|etc|home|lib|lib64|opt|proc|root|run|sbin|srv|sys|usr|var|Users|System|Library|Applications|Windows)\/?\*?|[A-Za-z]:[\\/]?\*?|\/(?:home|Users|var|usr|etc)\/[^/]+\/?\*?)$/;

/** Gives the ids of the destructive forms that a call is. */
export function findDangers(call: Call): readonly string[] {
  const { program, args } = call;
  const texts = args.map((arg) => arg.text);
  const targets = texts.filter((text) => !text.startsWith("-"));
  const found: string[] = [];
  const words = targets.map((text) => text.toLowerCase());
  const isProtected = targets.some((target) => PROTECTED.test(target));
  switch (program) {
    case "rm":
    case "grm":
    case "ri":
    case "remove-item": {
      const isRecursive = hasFlag(texts, "rR", "recursive");
      if (isRecursive && hasFlag(texts, "fF", "force")) found.push("rm_recursive_force");
      if ((isRecursive && isProtected) || hasFlag(texts, "", "no-preserve-root")) found.push("rm_protected");
      break;
    }
    case "rmdir":
    case "rd":
    case "del":
    case "erase":
      if (texts.some((text) => /^\/s$/i.test(text))) found.push("del_recursive");
      break;
    case "find":
    case "gfind":
    case "fd":
      if (texts.includes("-delete")) found.push("find_delete");
      break;
    case "dd":
      if (texts.some((text) => text.startsWith("of=") && DEVICE.test(text.slice(3))))
        found.push("dd_to_device");
      break;
    case "shred":
    case "srm":
    case "wipe":
      found.push("shred");
      break;
    case "wipefs":
    case "blkdiscard":
    case "hdparm":
      if (program !== "hdparm" || texts.some((text) => text.startsWith("--security-erase")))
        found.push("wipe_device");
      break;
    case "fdisk":
    case "sfdisk":
    case "sgdisk":
    case "gdisk":
    case "parted":
    case "cfdisk":
      if (!texts.some((text) => /^(?:-l|--list|print|-p|--print)$/.test(text))) found.push("partition");
      break;
    case "diskutil":
      if (/^(?:erase|partition|secureerase|zerodisk)/.test(words[0] ?? "")) found.push("partition");
      break;
    case "format":
    case "format-volume":
    case "clear-disk":
      if (program !== "format" || /^[a-z]:/i.test(targets[0] ?? "")) found.push("mkfs");
      break;
    case "vssadmin":
      if (words[0] === "delete") found.push("delete_backups");
      break;
    case "chmod":
    case "chown":
    case "chgrp": {
      if (!hasFlag(texts, "R", "recursive")) break;
      const isOpen =
        program === "chmod" &&
        targets.some((text) => /^(?:0?[0-7]?777|a\+?=?rwx|o?\+w|a\+w|ugo\+rwx)$/.test(text));
      if (isProtected) found.push(`${program}_protected`);
      if (isOpen && targets.some((target) => target.startsWith("/") || PROTECTED.test(target)))
        found.push("chmod_world_writable");
      break;
    }
    case "mv":
    case "move":
      if (targets.at(-1) === "/dev/null") found.push("mv_to_null");
      if (
        targets
          .slice(0, -1)
          .some((target) => PROTECTED.test(target) && target !== "*" && !/^\.+(?:\/|$)/.test(target))
      ) {
        found.push("mv_protected");
      }
      break;
    case "cp":
    case "tee":
    case "install":
    case "truncate":
    case "sponge":
      for (const target of program === "cp" || program === "install" ? targets.slice(-1) : targets) {
        found.push(...toWriteDanger(target));
      }
      break;
    case "sed":
    case "perl":
      if (hasFlag(texts, "i", "in-place")) for (const target of targets) found.push(...toWriteDanger(target));
      break;
    case "rsync":
      if (texts.some((text) => text.startsWith("--del")) && PROTECTED.test(targets.at(-1) ?? ""))
        found.push("rsync_delete");
      break;
    case "git":
      if (words[0] === "clean" && hasFlag(texts, "f", "force") && hasFlag(texts, "xX", ""))
        found.push("git_clean");
      break;
    case "kubectl":
    case "oc":
    case "k":
      if (words.includes("delete") || (words.includes("drain") && texts.includes("--force")))
        found.push("kubectl_delete");
      if (words.includes("replace") && texts.includes("--force")) found.push("kubectl_delete");
      break;
    case "helm":
      if (/^(?:uninstall|delete|del|un)$/.test(words[0] ?? "")) found.push("helm_uninstall");
      break;
    case "terraform":
    case "tofu":
    case "terragrunt":
    case "pulumi":
    case "cdk":
    case "cdktf":
    case "sst":
    case "serverless":
      if (
        words.includes("destroy") ||
        words.includes("remove") ||
        texts.some((text) => /^--?destroy\b/.test(text))
      ) {
        if (words[0] !== "state" || words.includes("destroy")) found.push("terraform_destroy");
      }
      break;
    case "aws":
    case "gcloud":
    case "gsutil":
    case "az":
    case "doctl":
    case "heroku":
    case "fly":
    case "flyctl":
    case "ibmcloud":
    case "oci":
    case "linode-cli":
    case "bq":
      if (words.some(isCloudDeletion)) found.push("cloud_delete");
      break;
    case "docker":
    case "podman":
    case "nerdctl":
    case "docker-compose":
      if (isContainerDeletion(words, texts)) found.push("container_delete");
      break;
    case "dropdb":
    case "dropuser":
    case "pg_dropcluster":
      found.push("drop_database");
      break;
    case "mysqladmin":
      if (words.includes("drop")) found.push("drop_database");
      break;
    case "redis-cli":
    case "valkey-cli":
      if (words.some((word) => /^flush(?:all|db)$/.test(word))) found.push("redis_flush");
      break;
    case "mongo":
    case "mongosh":
      if (
        texts.some((text) => /dropDatabase\s*\(|\.drop\s*\(|deleteMany\s*\(\s*(?:\{\s*\})?\s*\)/.test(text))
      )
        found.push("drop_database");
      break;
    case "shutdown":
    case "reboot":
    case "halt":
    case "poweroff":
    case "stop-computer":
    case "restart-computer":
      found.push("shutdown");
      break;
    case "init":
    case "telinit":
      if (/^[06]$/.test(targets[0] ?? "")) found.push("shutdown");
      break;
    case "systemctl":
      if (/^(?:reboot|poweroff|halt|kexec|emergency|rescue)$/.test(words[0] ?? "")) found.push("shutdown");
      break;
    case "kill":
    case "pkill":
      if (program === "kill" && texts.slice(1).includes("-1")) found.push("kill_all");
      break;
    case "killall5":
      found.push("kill_all");
      break;
    case "userdel":
    case "deluser":
    case "groupdel":
      found.push("user_delete");
      break;
    case "iptables":
    case "ip6tables":
    case "nft":
    case "ufw":
      if (texts.some((text) => /^(?:-F|--flush|-X|flush|reset|disable)$/.test(text)))
        found.push("firewall_flush");
      break;
    case "crontab":
      if (hasFlag(texts, "r", "remove")) found.push("crontab_remove");
      break;
    case "lvremove":
    case "vgremove":
    case "pvremove":
    case "zpool":
    case "zfs":
      if (!program.startsWith("z") || words[0] === "destroy") found.push("volume_remove");
      break;
    case "cryptsetup":
      if (/^(?:luksformat|erase|lukserase)$/.test(words[0] ?? "")) found.push("volume_remove");
      break;
    case "nc":
    case "ncat":
    case "netcat":
      if (hasFlag(texts, "ec", "exec")) found.push("reverse_shell");
      break;
    case "socat":
      if (texts.some((text) => /(?:^|,)(?:exec|system):/i.test(text))) found.push("reverse_shell");
      break;
    default:
      if (/^(?:mkfs(?:\..*)?|mke2fs|mkswap|newfs(?:_.*)?)$/.test(program)) found.push("mkfs");
      break;
  }
  return found;
}

/** Gives the ids of what a redirection destroys. */
export function findRedirectDangers(redirect: Redirect, target: string): readonly string[] {
  if (!redirect.operator.includes(">")) return [];
  if (/^\/dev\/(?:tcp|udp)\//.test(target)) return ["reverse_shell"];
  return toWriteDanger(target);
}

function toWriteDanger(target: string): readonly string[] {
  if (DEVICE.test(target)) return ["write_to_device"];
  return SYSTEM_FILE.test(target) ? ["write_system_file"] : [];
}

/** Looks for a flag: one of the letters in a bundle (`-xrf`), or the long name or a beginning of it (`--rec`). */
function hasFlag(texts: readonly string[], letters: string, long: string): boolean {
  for (const text of texts) {
    if (text === "--") return false;
    if (text.startsWith("--")) {
      const name = text.slice(2).split("=")[0] ?? "";
      if (name !== "" && long !== "" && long.startsWith(name.toLowerCase())) return true;
    } else if (
      text.startsWith("-") &&
      text
        .slice(1)
        .split("")
        .some((letter) => letters.includes(letter))
    )
      return true;
  }
  return false;
}

function isCloudDeletion(word: string): boolean {
  return /^(?:rb|rm|delete|destroy|purge|terminate|del|remove-cluster|apps:destroy|pg:reset)$|^(?:delete|terminate|destroy|purge|deregister)-|:(?:destroy|reset)$/.test(
    word,
  );
}

function isContainerDeletion(words: readonly string[], texts: readonly string[]): boolean {
  const [first = "", second = ""] = words;
  if (second === "prune" || first === "prune") return true;
  if (/^(?:volume|network|image|system|container)$/.test(first) && /^(?:rm|remove|delete)$/.test(second))
    return first === "volume";
  if (first === "rm" || first === "rmi") return hasFlag(texts, "fv", "force");
  const isDown = first === "down" || (first === "compose" && words.includes("down"));
  return isDown && hasFlag(texts, "v", "volumes");
}
