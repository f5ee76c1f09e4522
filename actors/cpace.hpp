// CPace: two sides that know the same short code, and nothing else of each
// other, come to one key that nobody between them has.
// draft-irtf-cfrg-cpace-21, suite CPACE-RISTR255-SHA512, with the roles of
// initiator and responder. Names are the draft's. Knows no CAF.
#pragma once

#include <array>
#include <initializer_list>

#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"
#include "store/secret_bytes.hpp"

namespace ppn::actors {

/// `bytes` behind their length as LEB128.
Bytes prepend_len(ByteView bytes);

/// Each of them behind its length.
Bytes lv_cat(std::initializer_list<ByteView> parts);

using CpacePoint = std::array<std::uint8_t, 32>;
using CpaceTag = std::array<std::uint8_t, 64>;

/// What both sides have to agree on before they begin.
struct CpaceInput {
  /// The password, the same bytes on both sides.
  ByteView prs;
  /// The channel identifier: who the two are, the initiator first.
  ByteView ci;
  /// The session id: never used before.
  ByteView sid;
};

/// The generator to which a password leads, encoded.
CpacePoint cpace_generator(const CpaceInput& input);

enum class CpaceRole : std::uint8_t { initiator, responder };

/// What one side tells the other.
struct CpaceMessage {
  CpacePoint point{};
  Bytes associated_data;

  bool operator==(const CpaceMessage&) const = default;
};

/// What both sides have at the end, if they knew the same password.
class CpaceKeys {
 public:
  static constexpr std::size_t isk_size = 64;

  /// What shows the other side that this one has the key.
  [[nodiscard]] const CpaceTag& tag() const { return tag_; }

  /// Whether the other side has the key: in constant time.
  [[nodiscard]] bool confirms(const CpaceTag& other) const;

  /// Calls `use` with the session key, for other keys to be derived from.
  template <class Use>
  auto with_isk(Use&& use) const {
    return use(std::span<const std::uint8_t, isk_size>{isk_.get(), isk_size});
  }

 private:
  friend class CpaceRun;
  CpaceKeys() = default;

  store::SecretBytes isk_;
  CpaceTag tag_{};
  CpaceTag expected_{};
};

/// One side of one run. It is good for one message of the other side.
class CpaceRun {
 public:
  static constexpr std::size_t entropy_size = 64;
  using Entropy = std::span<const std::uint8_t, entropy_size>;

  /// The secret scalar is the entropy modulo the order of the group; the caller
  /// wipes its copy, and never uses it again.
  CpaceRun(CpaceRole role, const CpaceInput& input, Bytes associated_data,
           Entropy entropy);

  /// For the other side.
  [[nodiscard]] const CpaceMessage& message() const { return message_; }

  /// bad_input if the other's point is none, is the identity, or if the message
  /// is this side's own.
  [[nodiscard]] store::Result<CpaceKeys> finish(const CpaceMessage& other) &&;

 private:
  CpaceRole role_;
  Bytes sid_;
  store::SecretBytes scalar_;
  CpaceMessage message_;
};

}  // namespace ppn::actors
