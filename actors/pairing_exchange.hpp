// The exchange by which a newcomer and the authority prove to each other that
// they know the same short code, message by message:
//
//   authority   hello    its nonce
//   newcomer    offer    its nonce; the number of its session, how long its
//   code
//                        is, and is good for
//   authority   begin    the newcomer's nonce again, its point
//   newcomer    answer   its point
//   authority   proof    its tag
//   newcomer    proof    its tag
//
// The authority proves first: so whoever guesses a code learns from the
// newcomer whether it was right only by an answer, and answers are counted.
// Knows no CAF.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "actors/messages.hpp"
#include "actors/pairing_channel.hpp"

namespace ppn::actors {

using PairingNonce = std::array<std::uint8_t, 16>;

struct PairingHello {
  PairingNonce nonce{};
};

struct PairingOffer {
  /// What the operators tell sessions apart by.
  std::uint32_t session = 0;
  PairingNonce nonce{};
  /// Of the code, without the one that checks them.
  std::uint8_t symbols = 0;
  /// How long the code is still good for.
  std::uint32_t left_s = 0;
};

/// Whoever says the newcomer's nonce again gets what is sent to where it says
/// it is.
struct PairingBegin {
  PairingNonce nonce{};
  CpacePoint point{};
};

struct PairingAnswer {
  CpacePoint point{};
};

struct PairingProof {
  CpaceTag tag{};
};

/// Fills memory with bytes that nobody can guess.
using Entropy = std::function<void(std::span<std::uint8_t>)>;

/// What is to come next. Whatever else comes ends the exchange.
enum class PairingTurn : std::uint8_t { first, second, third, fourth, none };

/// The authority's side. It is good for one run, of one code.
///
/// All that takes something answers bad_input if it is not what is to come
/// next.
class PairingInitiator {
 public:
  explicit PairingInitiator(const Entropy& entropy);

  [[nodiscard]] PairingHello hello() const { return {nonce_}; }

  /// Nothing is spent by it: whoever typed a code says whether it is for this
  /// session.
  store::Status take(const PairingOffer& offer);

  /// Spends the code on the session that was offered. If it has another length
  /// than the one that is shown, that is bad_input, and it may be typed again.
  store::Result<PairingBegin> begin(const events::ShortCode& code,
                                    const Entropy& entropy);

  store::Result<PairingProof> take(const PairingAnswer& answer);

  /// Ends the exchange. permission if the newcomer has another code, or
  /// somebody is in between.
  store::Result<PairingChannel> take(const PairingProof& proof);

 private:
  PairingTurn turn_ = PairingTurn::first;
  PairingNonce nonce_{};
  PairingOffer offer_;
  std::optional<CpaceRun> run_;
  std::optional<CpaceKeys> keys_;
};

/// The newcomer's side, for one who came. It answers as PairingInitiator does.
class PairingResponder {
 public:
  /// `left_s` is how long the code is still good for.
  PairingResponder(ShortCodePtr code, std::uint32_t session,
                   std::uint32_t left_s, const Entropy& entropy);

  store::Result<PairingOffer> take(const PairingHello& hello);

  /// The answer is a guess that is answered: whoever sends it counted it
  /// before.
  store::Result<PairingAnswer> take(const PairingBegin& begin,
                                    const Entropy& entropy);

  /// What ends the exchange: said to the authority, and the channel with it.
  struct End {
    PairingProof proof;
    PairingChannel channel;
  };
  /// permission if the authority has another code, or somebody is in between:
  /// it gets no answer.
  store::Result<End> take(const PairingProof& proof);

 private:
  ShortCodePtr code_;
  PairingTurn turn_ = PairingTurn::first;
  PairingOffer offer_;
  PairingNonce nonce_of_authority_{};
  std::optional<CpaceKeys> keys_;
};

}  // namespace ppn::actors
