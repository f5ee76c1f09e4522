#include "actors/cpace.hpp"

#include <sodium.h>

#include <string_view>
#include <tuple>
#include <utility>

#include "store/byte_order.hpp"

namespace ppn::actors {

static_assert(std::tuple_size_v<CpacePoint> == crypto_core_ristretto255_BYTES);
static_assert(std::tuple_size_v<CpaceTag> == crypto_auth_hmacsha512_BYTES);
static_assert(CpaceKeys::isk_size == crypto_hash_sha512_BYTES);
static_assert(CpaceRun::entropy_size ==
              crypto_core_ristretto255_NONREDUCEDSCALARBYTES);

namespace {

using store::as_bytes;
using store::WipedBytes;

constexpr std::string_view dsi = "CPaceRistretto255";
constexpr std::string_view dsi_isk = "CPaceRistretto255_ISK";
constexpr std::string_view dsi_mac = "CPaceMac";
/// What SHA-512 takes in at a time.
constexpr std::size_t block_size = 128;

using Hash512 = WipedBytes<crypto_hash_sha512_BYTES>;

/// SHA-512 of secrets, which leaves none of them in memory.
class Sha512 {
 public:
  Sha512() { crypto_hash_sha512_init(&state_); }
  ~Sha512() { store::wipe(&state_, sizeof state_); }
  Sha512(const Sha512&) = delete;
  Sha512& operator=(const Sha512&) = delete;

  Sha512& add(ByteView bytes) {
    crypto_hash_sha512_update(&state_, bytes.data(), bytes.size());
    return *this;
  }

  /// Behind its length.
  Sha512& add_lv(ByteView bytes) {
    return add(encoded_length(bytes.size())).add(bytes);
  }

  void finish(std::span<std::uint8_t, crypto_hash_sha512_BYTES> hash) {
    crypto_hash_sha512_final(&state_, hash.data());
  }

  static Bytes encoded_length(std::size_t length) {
    Bytes encoded;
    while (length >= 0x80) {
      encoded.push_back(static_cast<std::uint8_t>(length | 0x80U));
      length >>= 7U;
    }
    encoded.push_back(static_cast<std::uint8_t>(length));
    return encoded;
  }

 private:
  crypto_hash_sha512_state state_{};
};

/// Fills the first block, so that its work does not depend on what follows.
std::size_t zeros_after(ByteView prs) {
  auto used = 1 + prepend_len(as_bytes(dsi)).size() +
              Sha512::encoded_length(prs.size()).size() + prs.size();
  return used < block_size ? block_size - used : 0;
}

Bytes part_of_transcript(const CpaceMessage& message) {
  return lv_cat({message.point, message.associated_data});
}

CpaceTag tag_over(const CpaceMessage& message, ByteView mac_key) {
  CpaceTag tag{};
  auto said = part_of_transcript(message);
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, mac_key.data(), mac_key.size());
  crypto_auth_hmacsha512_update(&state, said.data(), said.size());
  crypto_auth_hmacsha512_final(&state, tag.data());
  store::wipe(&state, sizeof state);
  return tag;
}

}  // namespace

Bytes prepend_len(ByteView bytes) {
  auto joined = Sha512::encoded_length(bytes.size());
  joined.insert(joined.end(), bytes.begin(), bytes.end());
  return joined;
}

Bytes lv_cat(std::initializer_list<ByteView> parts) {
  Bytes joined;
  for (auto part : parts) {
    auto one = prepend_len(part);
    joined.insert(joined.end(), one.begin(), one.end());
  }
  return joined;
}

CpacePoint cpace_generator(const CpaceInput& input) {
  Hash512 hash;
  Sha512{}
      .add_lv(as_bytes(dsi))
      .add_lv(input.prs)
      .add_lv(Bytes(zeros_after(input.prs)))
      .add_lv(input.ci)
      .add_lv(input.sid)
      .finish(hash);
  CpacePoint generator{};
  crypto_core_ristretto255_from_hash(generator.data(), hash.data());
  return generator;
}

bool CpaceKeys::confirms(const CpaceTag& other) const {
  return sodium_memcmp(expected_.data(), other.data(), other.size()) == 0;
}

CpaceRun::CpaceRun(CpaceRole role, const CpaceInput& input,
                   Bytes associated_data, Entropy entropy)
    : role_(role),
      sid_(input.sid.begin(), input.sid.end()),
      scalar_(store::allocate_secret(crypto_core_ristretto255_SCALARBYTES)),
      message_{{}, std::move(associated_data)} {
  crypto_core_ristretto255_scalar_reduce(scalar_.get(), entropy.data());
  auto generator = cpace_generator(input);
  // It fails for a scalar of 0 alone, which no entropy is; the other side
  // refuses the point that is left then.
  std::ignore = crypto_scalarmult_ristretto255(message_.point.data(),
                                               scalar_.get(), generator.data());
  store::wipe(generator.data(), generator.size());
}

store::Result<CpaceKeys> CpaceRun::finish(const CpaceMessage& other) && {
  auto scalar = std::move(scalar_);
  if (other == message_)
    return store::Error{store::ErrorCode::bad_input,
                        "this side's own message came back"};
  WipedBytes<crypto_core_ristretto255_BYTES> shared;
  if (crypto_scalarmult_ristretto255(shared.data(), scalar.get(),
                                     other.point.data()) != 0)
    return store::Error{store::ErrorCode::bad_input,
                        "the other side's point is not one of the group, or "
                        "the one that any key leads to"};
  bool initiates = role_ == CpaceRole::initiator;
  const auto& first = initiates ? message_ : other;
  const auto& second = initiates ? other : message_;
  CpaceKeys keys;
  keys.isk_ = store::allocate_secret(CpaceKeys::isk_size);
  std::span<std::uint8_t, CpaceKeys::isk_size> isk{keys.isk_.get(),
                                                   CpaceKeys::isk_size};
  Sha512{}
      .add_lv(as_bytes(dsi_isk))
      .add_lv(sid_)
      .add_lv(shared)
      .add(part_of_transcript(first))
      .add(part_of_transcript(second))
      .finish(isk);
  Hash512 mac_key;
  Sha512{}.add(as_bytes(dsi_mac)).add(sid_).add(isk).finish(mac_key);
  keys.tag_ = tag_over(message_, mac_key);
  keys.expected_ = tag_over(other, mac_key);
  return keys;
}

}  // namespace ppn::actors
