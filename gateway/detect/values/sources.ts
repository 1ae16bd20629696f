// Where the facts of many rows come from, and the one shape that many of them hold.

/** The published rules of gitleaks (MIT). */
export const GITLEAKS = "https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml";
/** The published rules of secretlint (MIT). */
export const SECRETLINT = "https://github.com/secretlint/secretlint";
/** The published rules of Nosey Parker (Apache-2.0). */
export const NOSEYPARKER = "https://github.com/praetorian-inc/noseyparker";
/** The published patterns of Microsoft's identifiable keys (MIT). */
export const MICROSOFT = "https://github.com/microsoft/security-utilities";
/** The published plugins of detect-secrets (Apache-2.0). */
export const DETECT_SECRETS = "https://github.com/Yelp/detect-secrets";

/** The shape of a UUID. */
export const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
