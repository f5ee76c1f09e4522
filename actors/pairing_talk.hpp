// What each side of a ceremony makes of what the other says, from the first
// message to the last. Decides nothing that an operator or the ledger has to:
// whoever owns a side records, signs and asks, and then lets it go on. Knows no
// CAF.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/pairing_message.hpp"
#include "actors/pairing_secret.hpp"

namespace ppn::actors {

/// Of what a newcomer says of itself, and a roster of all its members.
inline constexpr std::size_t introduction_max = 1'048'576;
inline constexpr std::size_t welcome_max = 16'777'216;

/// Nothing is to be done before more comes.
struct PairingWait {};

/// To be sent, one after the other.
struct PairingSay {
  std::vector<Bytes> messages;
};

/// The authority's: a session that waits for its code.
struct PairingOffered {
  std::uint32_t session = 0;
  std::uint32_t left_s = 0;
};

/// The newcomer's: a guess, to be recorded first, and then to be sent.
struct PairingAnswerGuess {
  Bytes message;
};

/// The newcomer's, to be sent: the authority has the code, and waits for the
/// newcomer to introduce itself.
struct PairingProved {
  Bytes message;
};

/// The authority's: who the newcomer says that it is. The signature is still to
/// be held against the key of that node, by is_at. Both operators see the same
/// symbols.
struct PairingMetNewcomer {
  std::string introduction;
  Signature signature;
  std::string symbols;
  PairingPlace place;
};

/// The newcomer's: whose mesh it is. Who invites has that key; that it is the
/// key of that node, and that node the authority, is for the roster to say.
struct PairingMetAuthority {
  PairingInvitation invitation;
  std::string symbols;
};

/// The newcomer's: the file of the whole roster, and the newest checkpoint of
/// the authority's ledger.
struct PairingWelcomed {
  std::string file;
  std::string checkpoint;
};

/// The authority's: the newcomer recorded it.
struct PairingThanked {};

/// Nothing more follows.
struct PairingBroken {
  schema::PairingOutcome outcome{};
  std::string detail;
};

using PairingStep =
    std::variant<PairingWait, PairingSay, PairingOffered, PairingAnswerGuess,
                 PairingProved, PairingMetNewcomer, PairingMetAuthority,
                 PairingWelcomed, PairingThanked, PairingBroken>;

/// Whether who has that key is the side of that role at this channel.
bool is_at(const PairingChannel& channel, CpaceRole role, const PublicKey& key,
           const Signature& signature);

/// The newcomer's side of one connection.
class NewcomerTalk {
 public:
  /// `left_s` is how long the code is still good for.
  NewcomerTalk(ShortCodePtr code, std::uint32_t session, std::uint32_t left_s,
               const Entropy& entropy);

  /// After the end nothing is heard any more.
  PairingStep take(ByteView bytes, const Entropy& entropy);

  // Once the authority proved the code.

  [[nodiscard]] bool has_channel() const { return channel_.has_value(); }
  [[nodiscard]] const PairingChannel& channel() const {
    return channel_.value();
  }
  /// To be sent: at most introduction_max bytes, and the signature over what
  /// the channel binds the responder to.
  std::vector<Bytes> introduce(std::string_view file,
                               const Signature& signature,
                               const PairingPlace& place = {});
  /// To be sent once the roster is recorded.
  Bytes thanks();
  /// Ends it.
  Bytes refuse(const PairingRefusal& refusal);

 private:
  PairingStep take_message(const PairingMessage& message,
                           const Entropy& entropy);
  PairingStep take_proof(const PairingProof& proof);
  PairingStep take_secret(const PairingSecret& secret);

  PairingResponder exchange_;
  std::optional<PairingChannel> channel_;
  bool has_met_ = false;
  bool is_over_ = false;
  std::string file_;
};

/// The authority's side of one connection.
class AuthorityTalk {
 public:
  explicit AuthorityTalk(const Entropy& entropy);

  /// The first to be sent.
  [[nodiscard]] Bytes hello() const;

  /// After the end nothing is heard any more.
  PairingStep take(ByteView bytes);

  /// To be sent to who offered a session: spends the code on it. bad_input if
  /// the one that is shown has another length, or nobody offered any.
  store::Result<Bytes> begin(const events::ShortCode& code,
                             const Entropy& entropy);

  // Once the newcomer was met.

  [[nodiscard]] bool has_channel() const { return channel_.has_value(); }
  [[nodiscard]] const PairingChannel& channel() const {
    return channel_.value();
  }
  Bytes invite(const PairingInvitation& invitation);
  /// To be sent once the newcomer is admitted: at most welcome_max bytes.
  std::vector<Bytes> welcome(std::string_view file,
                             const std::string& checkpoint = {});
  /// Ends it.
  Bytes refuse(const PairingRefusal& refusal);

 private:
  PairingStep take_message(const PairingMessage& message);
  PairingStep take_proof(const PairingProof& proof);
  PairingStep take_secret(const PairingSecret& secret);

  PairingInitiator exchange_;
  std::optional<PairingChannel> channel_;
  bool has_met_ = false;
  bool has_welcomed_ = false;
  bool is_over_ = false;
  std::string introduction_;
};

}  // namespace ppn::actors
