// Secrets that a provider's name tells, from what the providers say of them.
import { HEX_32, HEX_40, HEX_64, toNamedRow, WORD_32, WORD_40, WORD_64, type Entry } from "./named-entry.ts";
import { UUID } from "./sources.ts";
import type { NamedSecretRow } from "./table.ts";

/** Facts of the providers themselves, by the site that says them. */
const ENTRIES: readonly (readonly [site: string, entry: Entry])[] = [
  [
    "ably.com/docs/auth",
    ["ably_credential", "Ably API key", "ably", ["[\\w-]{6}\\.[\\w-]{6}:[\\w-]{43}"], 3.5],
  ],
  ["airbrake.io/docs", ["airbrake_credential", "Airbrake key", "airbrake", [HEX_32]]],
  ["www.alchemy.com/docs", ["alchemy_credential", "Alchemy API key", "alchemy", ["[A-Za-z0-9_-]{32}"], 3.5]],
  ["amplitude.com/docs", ["amplitude_credential", "Amplitude key", "amplitude", [HEX_32]]],
  [
    "www.assemblyai.com/docs",
    ["assemblyai_credential", "AssemblyAI API key", "assemblyai assembly_ai", [HEX_32]],
  ],
  ["developers.binance.com/docs", ["binance_credential", "Binance key", "binance", [WORD_64], 3.5]],
  [
    "bitwarden.com/help",
    [
      "bitwarden_credential",
      "Bitwarden token",
      "bws_access bitwarden",
      [`0\\.${UUID}\\.[A-Za-z0-9]{30}:[A-Za-z0-9+/]{22}==`],
    ],
  ],
  [
    "www.browserstack.com/docs",
    ["browserstack_credential", "BrowserStack key", "browserstack", ["[A-Za-z0-9]{20}"], 3.3],
  ],
  ["docs.bugsnag.com", ["bugsnag_credential", "BugSnag key", "bugsnag", [HEX_32]]],
  ["docs.bunny.net", ["bunny_credential", "bunny.net key", "bunny", [`${UUID}[0-9a-f-]{0,40}`]]],
  [
    "cloudinary.com/documentation",
    ["cloudinary_credential", "Cloudinary secret", "cloudinary", ["[A-Za-z0-9_-]{27}"], 3.5],
  ],
  ["developers.deepgram.com/docs", ["deepgram_credential", "Deepgram API key", "deepgram", [HEX_40]]],
  ["developers.deepl.com/docs", ["deepl_credential", "DeepL API key", "deepl", [`${UUID}:fx`, UUID]]],
  [
    "discord.com/developers/docs",
    [
      "discord_bot_credential",
      "Discord bot token",
      "discord",
      ["[A-Za-z0-9_-]{23,28}\\.[\\w-]{6}\\.[\\w-]{27,38}"],
      3.5,
    ],
  ],
  ["duo.com/docs", ["duo_credential", "Duo secret key", "duo_skey duo_secret duo_akey", [WORD_40], 3.3]],
  [
    "docs.etherscan.io",
    ["etherscan_credential", "Etherscan API key", "etherscan bscscan polygonscan", ["[A-Z0-9]{34}"], 3.5],
  ],
  ["docs.exa.ai", ["exa_credential", "Exa API key", "exa_api exa_key", [UUID]]],
  ["docs.expo.dev", ["expo_credential", "Expo token", "expo_token expo_access", ["[A-Za-z0-9_-]{40}"], 3.5]],
  ["docs.fal.ai", ["fal_credential", "fal key", "fal_key fal_api", [`${UUID}:[0-9a-f]{32}`]]],
  ["docs.fauna.com", ["fauna_credential", "Fauna secret", "fauna", ["fn[A-Za-z0-9_-]{38}"], 3.5]],
  ["ghost.org/docs", ["ghost_credential", "Ghost admin API key", "ghost", ["[0-9a-f]{24}:[0-9a-f]{64}"]]],
  ["developers.giphy.com/docs", ["giphy_credential", "GIPHY API key", "giphy", [WORD_32], 3.5]],
  ["docs.gitea.com", ["gitea_credential", "Gitea or Forgejo token", "gitea forgejo", [HEX_40]]],
  ["docs.hetzner.com", ["hetzner_credential", "Hetzner Cloud token", "hetzner hcloud", [WORD_64], 3.5]],
  [
    "docs.honeybadger.io",
    ["honeybadger_credential", "Honeybadger key", "honeybadger", ["hbp_[A-Za-z0-9]{30,40}", HEX_32]],
  ],
  [
    "cloud.ibm.com/docs",
    [
      "ibm_credential",
      "IBM Cloud API key",
      "ibm_cloud ibmcloud ibm_api bluemix watson",
      ["[A-Za-z0-9_-]{44}"],
      3.5,
    ],
  ],
  ["docs.influxdata.com", ["influxdb_credential", "InfluxDB token", "influx", ["[A-Za-z0-9_-]{86}=="], 3.5]],
  ["docs.metamask.io/services", ["infura_credential", "Infura key", "infura", [HEX_32]]],
  [
    "jumpcloud.com/support",
    ["jumpcloud_credential", "JumpCloud API key", "jumpcloud", ["jca_[A-Za-z0-9]{30,50}", HEX_40]],
  ],
  ["techdocs.akamai.com", ["linode_credential", "Linode token", "linode", [HEX_64]]],
  ["dev.mailjet.com", ["mailjet_credential", "Mailjet key", "mailjet", [HEX_32]]],
  [
    "mailchimp.com/developer",
    [
      "mandrill_credential",
      "Mandrill API key",
      "mandrill",
      ["md-[A-Za-z0-9_-]{22}", "[A-Za-z0-9_-]{22}"],
      3.5,
    ],
  ],
  ["docs.mistral.ai", ["mistral_credential", "Mistral API key", "mistral", [WORD_32], 3.5]],
  ["developer.mixpanel.com", ["mixpanel_credential", "Mixpanel secret", "mixpanel", [HEX_32, WORD_32]]],
  [
    "modal.com/docs",
    ["modal_credential", "Modal token", "modal_token modal_key modal_secret", ["a[ks]-[A-Za-z0-9]{22}"], 3.5],
  ],
  ["docs.mollie.com", ["mollie_credential", "Mollie API key", "mollie", ["test_[A-Za-z0-9]{30}"], 3.5]],
  ["newsapi.org/docs", ["newsapi_credential", "News API key", "newsapi news_api", [HEX_32]]],
  [
    "ngrok.com/docs",
    ["ngrok_credential", "ngrok token", "ngrok", ["[A-Za-z0-9]{27}_[A-Za-z0-9]{20,22}"], 3.5],
  ],
  [
    "openweathermap.org/api",
    ["openweather_credential", "OpenWeather API key", "openweather owm_api", [HEX_32]],
  ],
  ["docs.opsgenie.com", ["opsgenie_credential", "Opsgenie API key", "opsgenie", [UUID]]],
  [
    "docs.ovhcloud.com",
    ["ovh_credential", "OVHcloud secret or key", "ovh", [WORD_32, "[A-Za-z0-9]{16}"], 3.3],
  ],
  [
    "developer.pagerduty.com/docs",
    [
      "pagerduty_credential",
      "PagerDuty key",
      "pagerduty pager_duty pd_api pd_token",
      ["[\\w+-]{20}", HEX_32],
    ],
  ],
  [
    "developer.paypal.com/api/rest",
    ["paypal_credential", "PayPal client secret", "paypal", ["[AE][A-Za-z0-9_-]{79}"], 3.5],
  ],
  ["pipedrive.readme.io", ["pipedrive_credential", "Pipedrive token", "pipedrive", [HEX_40]]],
  ["www.plivo.com/docs", ["plivo_credential", "Plivo auth token", "plivo", [WORD_40], 3.5]],
  ["pushover.net/api", ["pushover_credential", "Pushover token", "pushover", ["[a-z0-9]{30}"], 3.3]],
  [
    "docs.pushbullet.com",
    ["pushbullet_credential", "Pushbullet token", "pushbullet", ["o\\.[A-Za-z0-9]{32}"], 3.5],
  ],
  ["pusher.com/docs", ["pusher_credential", "Pusher secret", "pusher", ["[0-9a-f]{20}"]]],
  ["docs.railway.com", ["railway_credential", "Railway token", "railway", [UUID]]],
  ["razorpay.com/docs", ["razorpay_credential", "Razorpay key secret", "razorpay", ["[A-Za-z0-9]{24}"], 3.5]],
  [
    "www.reddit.com/dev/api",
    ["reddit_credential", "Reddit client secret", "reddit", ["[A-Za-z0-9_-]{27,30}"], 3.5],
  ],
  ["docs.rollbar.com", ["rollbar_credential", "Rollbar token", "rollbar", [HEX_32]]],
  ["www.sanity.io/docs", ["sanity_credential", "Sanity token", "sanity", ["sk[A-Za-z0-9]{80,200}"], 3.7]],
  ["www.scaleway.com/en/docs", ["scaleway_credential", "Scaleway secret key", "scaleway scw_secret", [UUID]]],
  ["segment.com/docs", ["segment_credential", "Segment write key", "segment", [WORD_32], 3.5]],
  [
    "serpapi.com",
    ["serpapi_credential", "SerpApi or Serper key", "serpapi serp_api serper", [HEX_64, HEX_40]],
  ],
  ["developer.shodan.io", ["shodan_credential", "Shodan API key", "shodan", [WORD_32], 3.5]],
  [
    "smartsheet.redoc.ly",
    ["smartsheet_credential", "Smartsheet token", "smartsheet", ["[A-Za-z0-9]{37}", "[a-z0-9]{26}"], 3.5],
  ],
  ["developers.sparkpost.com/api", ["sparkpost_credential", "SparkPost API key", "sparkpost", [HEX_40]]],
  ["docs.splunk.com", ["splunk_credential", "Splunk token", "splunk hec_token", [UUID]]],
  [
    "developer.spotify.com/documentation",
    ["spotify_credential", "Spotify client secret", "spotify", [HEX_32]],
  ],
  [
    "developer.valvesoftware.com",
    ["steam_credential", "Steam web API key", "steam_api steam_key steam_web", ["[0-9A-F]{32}"]],
  ],
  ["developers.strava.com/docs", ["strava_credential", "Strava client secret", "strava", [HEX_40]]],
  ["developer.todoist.com", ["todoist_credential", "Todoist token", "todoist", [HEX_40]]],
  ["engineering.toggl.com/docs", ["toggl_credential", "Toggl token", "toggl", [HEX_32]]],
  [
    "developer.atlassian.com/cloud/trello",
    ["trello_credential", "Trello key or token", "trello", [HEX_64, HEX_32]],
  ],
  ["www.twilio.com/docs", ["twilio_credential", "Twilio auth token", "twilio", [WORD_32]]],
  [
    "unsplash.com/documentation",
    ["unsplash_credential", "Unsplash key", "unsplash", ["[A-Za-z0-9_-]{43}"], 3.5],
  ],
  ["docs.virustotal.com", ["virustotal_credential", "VirusTotal API key", "virustotal vt_api", [HEX_64]]],
  ["developer.vonage.com", ["vonage_credential", "Vonage secret", "vonage nexmo", ["[A-Za-z0-9]{16}"], 3.3]],
  [
    "docs.voyageai.com",
    ["voyage_credential", "Voyage AI API key", "voyage", ["[ap][al]-[A-Za-z0-9_-]{40,48}"], 3.5],
  ],
  ["www.vultr.com/api", ["vultr_credential", "Vultr API key", "vultr", ["[A-Z0-9]{36}"], 3.5]],
  ["docs.wandb.ai", ["wandb_credential", "Weights & Biases API key", "wandb", [HEX_40]]],
  ["developers.webflow.com", ["webflow_credential", "Webflow token", "webflow", [HEX_64]]],
  ["docs.zerotier.com", ["zerotier_credential", "ZeroTier token", "zerotier", [WORD_32], 3.5]],
  [
    "open.bigmodel.cn",
    [
      "zhipu_credential",
      "Zhipu API key",
      "zhipu bigmodel zai_api glm_api",
      ["[0-9a-f]{32}\\.[A-Za-z0-9]{16}"],
    ],
  ],
  [
    "www.zoho.com/developer",
    ["zoho_credential", "Zoho token", "zoho", ["1000\\.[0-9a-f]{32}\\.[0-9a-f]{32}", "[0-9a-f]{42}"]],
  ],
];

/** The rows whose facts the providers give. */
export const PROVIDER_SECRETS: readonly NamedSecretRow[] = ENTRIES.map(([site, entry]) =>
  toNamedRow(entry, `https://${site}`),
);
