// The table of currencies that are kept in books of their own: addresses, and keys to what lies there.
import { checkBareBase58, checkBase58, checkBech32, checkCash, checkEvm } from "./coin-codes.ts";
import { checkMonero, checkSegwit, RIPPLE } from "./coin-codes.ts";
import type { CoinRow } from "./table.ts";

const BIP = "https://github.com/bitcoin/bips/blob/master";
const BASE58CHECK = "https://en.bitcoin.it/wiki/Base58Check_encoding";
const XRPL = "https://xrpl.org/docs/references/protocol/data-types/base58-encodings";
/** A version byte and a digest of 160 bits. */
const HASH160 = [21];
/** A version byte and a key of 256 bits, with a mark that its public key is written in short, or without. */
const PRIVATE = [33, 34];
/** BIP 32: version, depth, parent, number, chain code, key. */
const EXTENDED = [78];
const EVM_WORDS = ["ethereum", "eth", "erc-20", "erc20", "evm", "wallet", "address", "metamask", "polygon"];

/** Examples are those of the specifications, or are what everybody knows. */
export const COINS: readonly CoinRow[] = [
  {
    id: "bitcoin_address",
    class: "crypto_address",
    title: "Bitcoin address, also an old one of Bitcoin Cash (Base58Check)",
    source: BASE58CHECK,
    beginnings: ["1", "3"],
    least: 26,
    most: 34,
    check: (run) => checkBase58(run, ["00", "05"], HASH160),
    examples: ["1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"],
    counterExamples: ["1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggv", "1111111111111111111111111111111111"],
  },
  {
    id: "bitcoin_segwit_address",
    class: "crypto_address",
    title: "Bitcoin address of segregated witness (Bech32, Bech32m)",
    source: `${BIP}/bip-0350.mediawiki`,
    beginnings: ["bc1", "BC1"],
    least: 14,
    most: 74,
    check: (run) => checkSegwit(run, "bc"),
    examples: [
      "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
      "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
      "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ],
    counterExamples: [
      "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
      "bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
      "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
    ],
  },
  {
    id: "ethereum_address",
    class: "crypto_address",
    title: "Address of Ethereum and its kin, with the check sum of its letters' case (EIP-55)",
    source: "https://eips.ethereum.org/EIPS/eip-55",
    beginnings: ["0x"],
    least: 42,
    most: 42,
    check: checkEvm,
    examples: [
      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
      "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
      "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
    counterExamples: [
      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
      "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
    ],
  },
  {
    id: "ethereum_address_unchecked",
    class: "crypto_address",
    title: "Address of Ethereum and its kin, without a check sum",
    source: "https://eips.ethereum.org/EIPS/eip-55",
    beginnings: ["0x"],
    least: 42,
    most: 42,
    words: EVM_WORDS,
    check: (run) => (/^0x(?=.*[1-9a-fA-F])[0-9a-fA-F]{40}$/.test(run) ? "valid" : "none"),
    examples: ["0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"],
    counterExamples: ["0x0000000000000000000000000000000000000000"],
  },
  {
    id: "litecoin_address",
    class: "crypto_address",
    title: "Litecoin address (Base58Check)",
    source: "https://github.com/litecoin-project/litecoin/blob/master/src/chainparams.cpp",
    beginnings: ["L", "M"],
    least: 26,
    most: 34,
    check: (run) => checkBase58(run, ["30", "32"], HASH160),
    examples: ["LVuDpNCSSj6pQ7t9Pv6d6sUkLKoqDEVUnJ"],
    counterExamples: ["LVuDpNCSSj6pQ7t9Pv6d6sUkLKoqDEVUnK"],
  },
  {
    id: "litecoin_segwit_address",
    class: "crypto_address",
    title: "Litecoin address of segregated witness (Bech32, Bech32m)",
    source: "https://github.com/litecoin-project/litecoin/blob/master/src/chainparams.cpp",
    beginnings: ["ltc1", "LTC1"],
    least: 15,
    most: 75,
    check: (run) => checkSegwit(run, "ltc"),
    examples: ["ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"],
    counterExamples: ["ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"],
  },
  {
    id: "dogecoin_address",
    class: "crypto_address",
    title: "Dogecoin address (Base58Check)",
    source: "https://github.com/dogecoin/dogecoin/blob/master/src/chainparams.cpp",
    beginnings: ["D", "9", "A"],
    least: 26,
    most: 34,
    check: (run) => checkBase58(run, ["1e", "16"], HASH160),
    examples: ["DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"],
    counterExamples: ["DH5yaieqoZN36fDVciNyRueRGvGLR3mr7M"],
  },
  {
    id: "bitcoin_cash_address",
    class: "crypto_address",
    title: "Bitcoin Cash address (CashAddr), with its prefix or without",
    source: "https://github.com/bitcoincashorg/bitcoincash.org/blob/master/spec/cashaddr.md",
    beginnings: ["q", "p", "Q", "P"],
    least: 42,
    most: 42,
    prefix: "bitcoincash:",
    check: (run) => checkCash(run, "bitcoincash"),
    examples: [
      "bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy",
      "qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy",
    ],
    counterExamples: ["qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuz"],
  },
  {
    id: "ripple_address",
    class: "crypto_address",
    title: "Address of the XRP Ledger (Base58Check in its own alphabet)",
    source: XRPL,
    beginnings: ["r"],
    least: 25,
    most: 35,
    check: (run) => checkBase58(run, ["00"], HASH160, RIPPLE),
    examples: ["rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"],
    counterExamples: ["rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTj"],
  },
  {
    id: "tron_address",
    class: "crypto_address",
    title: "Tron address (Base58Check)",
    source: "https://developers.tron.network/docs/account",
    beginnings: ["T"],
    least: 34,
    most: 34,
    check: (run) => checkBase58(run, ["41"], HASH160),
    examples: ["TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"],
    counterExamples: ["TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u"],
  },
  {
    id: "cardano_address",
    class: "crypto_address",
    title: "Cardano address, of payments and of stakes (Bech32)",
    source: "https://cips.cardano.org/cip/CIP-19",
    beginnings: ["addr1", "stake1"],
    least: 53,
    most: 112,
    check: (run) => checkBech32(run, run.startsWith("a") ? "addr" : "stake"),
    examples: [
      "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x",
      "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8",
      "stake1uyehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gh6ffgw",
    ],
    counterExamples: ["addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl9"],
  },
  {
    id: "solana_address",
    class: "crypto_address",
    title: "Solana address (32 bytes in base 58, without a check sum)",
    source: "https://solana.com/docs/core/accounts",
    beginnings: [],
    least: 32,
    most: 44,
    words: ["solana", "sol address", "sol wallet", "spl", "phantom"],
    check: (run) => checkBareBase58(run, 32),
    examples: ["9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM"],
    counterExamples: ["9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWMMMMM", "5d41402abc4b2a76b9719d911017c592"],
  },
  {
    id: "monero_address",
    class: "crypto_address",
    title: "Monero address, also a subaddress or with a payment's id",
    source: "https://docs.getmonero.org/public-address/standard-address/",
    beginnings: ["4", "8"],
    least: 95,
    most: 106,
    check: (run) => (run.length === 95 || run.length === 106 ? checkMonero(run, [18, 19, 42]) : "none"),
    examples: [
      "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A",
    ],
    counterExamples: [
      "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3B",
    ],
  },
  {
    id: "bitcoin_extended_public_key",
    class: "crypto_address",
    title: "Extended public key, which tells all addresses of a wallet (BIP 32, SLIP 132)",
    source: `${BIP}/bip-0032.mediawiki`,
    beginnings: ["xpub", "ypub", "zpub", "Ypub", "Zpub"],
    least: 111,
    most: 112,
    check: (run) => checkBase58(run, ["0488b21e", "049d7cb2", "04b24746", "0295b43f", "02aa7ed3"], EXTENDED),
    examples: [
      "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
    ],
    counterExamples: [
      "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet9",
    ],
  },
  {
    id: "bitcoin_extended_private_key",
    class: "secret",
    title: "Extended private key of a wallet (BIP 32, SLIP 132)",
    source: `${BIP}/bip-0032.mediawiki`,
    beginnings: ["xprv", "yprv", "zprv", "Yprv", "Zprv", "tprv"],
    least: 111,
    most: 112,
    check: (run) =>
      checkBase58(run, ["0488ade4", "049d7878", "04b2430c", "0295b005", "02aa7a99", "04358394"], EXTENDED),
    examples: [
      [
        "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvv",
        "NKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
      ].join(""),
    ],
    counterExamples: [
      [
        "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvv",
        "NKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHj",
      ].join(""),
    ],
  },
  {
    id: "bitcoin_private_key",
    class: "secret",
    title: "Private key of Bitcoin, Litecoin or Dogecoin in Wallet Import Format",
    source: "https://en.bitcoin.it/wiki/Wallet_import_format",
    beginnings: ["5", "6", "K", "L", "Q", "T", "9", "c"],
    least: 51,
    most: 52,
    check: (run) => checkBase58(run, ["80", "b0", "9e", "ef"], PRIVATE),
    examples: [
      ["5HueCGU8rMjxEXxiPuD5BDku", "4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"].join(""),
      ["KwdMAjGmerYanjeui5SHS7Jk", "mpZvVipYvB2LJGU1ZxJwYvP98617"].join(""),
    ],
    counterExamples: [["5HueCGU8rMjxEXxiPuD5BDku", "4MkFqeZyd4dZ1jvhTVqvbTLvyTK"].join("")],
  },
  {
    id: "bitcoin_encrypted_key",
    class: "secret",
    title: "Private key of Bitcoin under a passphrase (BIP 38)",
    source: `${BIP}/bip-0038.mediawiki`,
    beginnings: ["6P"],
    least: 58,
    most: 58,
    check: (run) => checkBase58(run, ["0142", "0143"], [39]),
    examples: [["6PRVWUbkzzsbcVac2qwfssoUJAN1", "Xhrg6bNk8J7Nzm5H7kxEbn2Nh2ZoGg"].join("")],
    counterExamples: [["6PRVWUbkzzsbcVac2qwfssoUJAN1", "Xhrg6bNk8J7Nzm5H7kxEbn2Nh2ZoGh"].join("")],
  },
  {
    id: "ripple_seed",
    class: "secret",
    title: "Seed of an account of the XRP Ledger",
    source: XRPL,
    beginnings: ["s"],
    least: 28,
    most: 31,
    check: (run) => {
      const verdict = checkBase58(run, ["21"], [17], RIPPLE);
      return verdict === "none" ? checkBase58(run, ["01e14b"], [19], RIPPLE) : verdict;
    },
    examples: [
      ["snoPBrXtMeMyMHUV", "TgbuqAfg1SUTb"].join(""),
      ["sEdTM1uX8pu2do5X", "vTnutH6HsouMaM2"].join(""),
    ],
    counterExamples: [["snoPBrXtMeMyMHUV", "TgbuqAfg1SUTc"].join("")],
  },
];
