// What the two sides of a ceremony tell each other once they have one key:
// nobody between them reads it, changes it, or has it heard twice or in another
// order. Knows no CAF.
#pragma once

#include <string>

#include "actors/cpace.hpp"

namespace ppn::actors {

/// What seal() adds to a message, in bytes.
inline constexpr std::size_t pairing_seal_size = 16;

class PairingChannel {
 public:
  /// The keys of both directions, from those of the exchange, which are not
  /// needed any more (RFC 5869 section 2.3, one block of HMAC-SHA-512).
  PairingChannel(CpaceRole role, const CpaceKeys& keys);

  /// The next message to the other side (RFC 8439 section 2.8; the nonce is its
  /// number).
  Bytes seal(ByteView message);

  /// The other side's next message. bad_input if it is anything else; whoever
  /// called ends the ceremony then.
  store::Result<Bytes> open(ByteView sealed);

  /// Four symbols that both operators see: they tell one ceremony from another.
  /// They are too few to tell who overheard the code from who was told it.
  [[nodiscard]] const std::string& symbols() const { return symbols_; }

  /// What the side of that role signs to show that it is at this very channel.
  [[nodiscard]] const Hash& binding_of(CpaceRole role) const {
    return role == CpaceRole::initiator ? initiator_ : responder_;
  }

  /// Calls `use` with the 32 bytes of the key that the tunnel between the two
  /// is given beside its others.
  template <class Use>
  auto with_preshared_key(Use&& use) const {
    return use(
        std::span<const std::uint8_t, key_size>{preshared_.get(), key_size});
  }

 private:
  static constexpr std::size_t key_size = 32;

  /// One direction.
  struct Way {
    store::SecretBytes key;
    std::uint64_t number = 0;
  };

  Way out_;
  Way in_;
  store::SecretBytes preshared_;
  std::string symbols_;
  Hash initiator_;
  Hash responder_;
};

}  // namespace ppn::actors
