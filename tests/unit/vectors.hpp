// Published test vectors, and a few made from published keys and data. Data
// only; each table names its source. Every private key here is public: never
// use one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ppn::tests::vectors {

// -- signed-note: C2SP signed-note.md ----------------------------------------

inline constexpr std::string_view note_key =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnK"
    "v3U2k";

inline constexpr std::string_view note =
    "This is an example message.\n"
    "\n"
    "— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
    "OBH3mFXmRKuwHjG1Yu72IneyaQM="
    "\n";

// -- verifier keys: C2SP signed-note.md, tlog-cosignature.md -----------------

struct VerifierKeyCase {
  std::string_view text;
  std::string_view name;
  std::uint32_t id;
  std::uint8_t type;
};

inline constexpr VerifierKeyCase verifier_keys[] = {
    {"remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onl"
     "mtw2",
     "remora.n621.de", 0xda77ade7, 0x04},
    {"Wit2+112f0455+BCy8NYvyk7N1dkxNxgrI3YAJzQDc0FIfs0q7q8U/cwOF", "Wit2",
     0x112f0455, 0x04},
    {"TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6", "TEST",
     0x7997405c, 0x01},
};

// -- cosignature/v1 ----------------------------------------------------------

/// A signature line's blob: key id, time and signature.
struct CosignatureCase {
  std::string_view source;
  std::string_view blob;
  std::uint32_t key_id;
  std::uint64_t unix_seconds;
};

inline constexpr CosignatureCase cosignatures[] = {
    {"transparency-dev/formats note_cosigv1_test.go",
     "ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w"
     "9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA==",
     0x646846b9, 1727964367},
    {"C2SP tlog-cosignature.md",
     "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJs"
     "X3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==",
     0x8d66cf3f, 1679315147},
};

/// Tessera's test log at size 15 (transparency-dev/tessera testdata/log), and a
/// cosignature over it made with Tessera's test key Wit1.
inline constexpr std::string_view tessera_log_key =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx28"
    "0NI+oO5xCFkkSx";

inline constexpr std::string_view tessera_checkpoint =
    "example.com/log/testdata\n"
    "15\n"
    "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n"
    "\n"
    "— example.com/log/testdata "
    "M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEW"
    "P6zdkdIQzd/fmwlM/dlPWF74ewI="
    "\n";

inline constexpr std::string_view tessera_entries[] = {
    "one",  "two", "three",  "four",  "five",     "six",     "seven", "eit",
    "nain", "ten", "ileven", "twelf", "threeten", "fourten", "fivten"};

inline constexpr std::string_view wit1_private_key =
    "PRIVATE+KEY+Wit1+55ee4561+AeadRiG7XM4XiieCHzD8lxysXMwcViy5nYsoXU"
    "RWGrlE";

inline constexpr std::string_view wit1_key =
    "Wit1+9b3fb2d5+BFhZSmQj9+SoL+p/nN0Hh76xXmF7QcHfytUrI1XfSClk";

inline constexpr std::string_view wit1_line =
    "— Wit1 "
    "mz+y1QAAAABkGFDLi4zi/+2kU/5P/4hpCkNoBjvoRHwqkmsDuocW+0ObiIxdYaW7"
    "bwTBaMLGHYwvM5lh63uUblihMBNMSJQRd2V3AQ=="
    "\n";

// -- RFC 6962 hashing: transparency-dev/merkle testonly/constants.go,
//    rfc6962/rfc6962_test.go

struct LeafCase {
  std::string_view input;
  std::string_view hash;
};

/// The inputs are in hexadecimal.
inline constexpr LeafCase leaves[] = {
    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"00", "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"},
    {"10", "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"},
    {"2021",
     "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7"},
    {"3031",
     "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"},
    {"40414243",
     "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658"},
    {"5051525354555657",
     "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"},
    {"606162636465666768696a6b6c6d6e6f",
     "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1"},
};

/// Root of the first n leaves.
inline constexpr std::string_view roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

inline constexpr std::string_view leaf_of_l123456 =
    "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56";

inline constexpr std::string_view node_of_n123_n456 =
    "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb";

/// golang.org/x/mod sumdb/tlog, in base64.
inline constexpr std::string_view leaf_of_hello_world =
    "TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=";

// -- proofs in the tree of those leaves; 1 -> 8 is published in
//    transparency-dev/merkle testdata/consistency, the others are derived

/// Hashes in hexadecimal; those that are empty are none.
struct InclusionCase {
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  std::array<std::string_view, 3> hashes;
};

inline constexpr InclusionCase inclusion_proofs[] = {
    {0, 1, {}},
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2,
     3,
     {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

/// Hashes in base64.
struct ConsistencyCase {
  std::uint64_t old_size = 0;
  std::uint64_t size = 0;
  std::array<std::string_view, 4> hashes;
};

inline constexpr ConsistencyCase consistency_proofs[] = {
    {1,
     8,
     {"lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
      "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
      "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ="}},
    {6,
     8,
     {"DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
      "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
      "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="}},
    {2,
     5,
     {"Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
      "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms="}},
    {7,
     8,
     {"sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=",
      "Rvb/rdPQagn/PFhg0nVci5gZ2330QlF4jH2OMYDejrE=",
      "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
      "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="}},
    {8, 8, {}},
};

// -- a log and its witness: FiloSottile/torchwood internal/witness -----------

inline constexpr std::string_view witnessed_origin =
    "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9"
    "e1ce768b0ff0309e562";
inline constexpr std::string_view witnessed_log_key =
    "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f";
inline constexpr std::uint32_t witnessed_log_key_id = 0x5202289b;
inline constexpr std::string_view witness_seed =
    "31ffc2116ecbe003acaa800ab70757bd7d53206e3febef6a6d0796d95530b34f";
inline constexpr std::string_view witness_key =
    "64848ad8abed6e85981b3b3875b252b8767ebb4b02f703aca3b1e71bbd6a8e50";

/// A checkpoint, the proof from the one of `old_size`, and the log's signature
/// line without name; all in base64.
struct WitnessedCheckpoint {
  std::uint64_t size;
  std::string_view root;
  std::uint64_t old_size;
  std::array<std::string_view, 3> proof;
  std::string_view signature;
};

inline constexpr WitnessedCheckpoint witnessed_checkpoints[] = {
    {1,
     "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
     0,
     {},
     "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3w"
     "fUQMFSzVnnNuWRTYrajXpNUbIQY="},
    {3,
     "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=",
     1,
     {"KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
      "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
     "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36k"
     "ezNobZs4SUUdrcawfAB8WVrx6go="},
    {5,
     "QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=",
     1,
     {"KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
      "+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=",
      "KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
     "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLO"
     "Z/ASRcWJi0tW90dJWAShei7sDww="},
};

// -- Ed25519 edge cases: novifinancial/ed25519-speccheck cases.txt -----------

/// All in hexadecimal.
struct EdgeCase {
  std::string_view message;
  std::string_view key;
  std::string_view signature;
  /// What libsodium says, and so what a valid signature is here.
  bool valid;
};

inline constexpr EdgeCase ed25519_edge_cases[] = {
    // 0
    {"8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
     "0000000000000000000000000000000000000000000000000000000000000000",
     false},
    // 1
    {"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
     "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
     false},
    // 2
    {"aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
     "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
     false},
    // 3
    {"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
     "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
     true},
    // 4
    {"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
     "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
     false},
    // 5
    {"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
     "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
     false},
    // 6
    {"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
     "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
     "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
     "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
     false},
    // 7
    {"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
     "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
     "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
     "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
     false},
    // 8
    {"9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
     "03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
     false},
    // 9
    {"9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
     "ca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908",
     false},
    // 10
    {"e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
     "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
     false},
    // 11
    {"39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
     "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
     false},
};

}  // namespace ppn::tests::vectors
