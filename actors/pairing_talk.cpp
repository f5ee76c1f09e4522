#include "actors/pairing_talk.hpp"

#include <utility>

#include "events/pairing.hpp"
#include "store/signing.hpp"

namespace ppn::actors {

namespace {

using schema::PairingOutcome;

/// What of a file goes into one message: sealing and its tables take the rest.
constexpr std::size_t part_max = pairing_message_max - 512;

/// As far as it is not only another code that was typed.
PairingStep broken(const store::Error& error) {
  bool is_code = error.code == store::ErrorCode::permission;
  return PairingBroken{
      is_code ? PairingOutcome::wrong_code : PairingOutcome::broken,
      error.message};
}

PairingStep out_of_turn() {
  return PairingBroken{PairingOutcome::broken,
                       "the other side said what was not to come next"};
}

/// What is sent in answer to a step of the exchange.
template <class Answer>
PairingStep say(const store::Result<Answer>& answer) {
  if (!answer) return broken(answer.error());
  return PairingSay{{write_message(*answer)}};
}

Bytes sealed(PairingChannel& channel, const PairingSecret& secret) {
  return write_message(PairingSealed{channel.seal(write_secret(secret))});
}

store::Result<PairingSecret> opened(PairingChannel& channel,
                                    const PairingSealed& sealed) {
  auto plain = channel.open(sealed.bytes);
  if (!plain) return plain.error();
  return read_secret(*plain);
}

/// `secret_of` makes what is said of each part, and is told which is the last.
template <class SecretOf>
std::vector<Bytes> sealed_in_parts(PairingChannel& channel,
                                   std::string_view file,
                                   const SecretOf& secret_of) {
  std::vector<Bytes> messages;
  do {
    std::string part{file.substr(0, part_max)};
    file.remove_prefix(part.size());
    messages.push_back(
        sealed(channel, secret_of(std::move(part), file.empty())));
  } while (!file.empty());
  return messages;
}

/// What a newcomer may say in the clear, to who did not prove the code.
bool is_said_to_anybody(PairingOutcome outcome) {
  return outcome == PairingOutcome::expired ||
         outcome == PairingOutcome::burned ||
         outcome == PairingOutcome::wrong_code ||
         outcome == PairingOutcome::cancelled ||
         outcome == PairingOutcome::broken;
}

/// Whether that is the last step.
bool is_end(const PairingStep& step) {
  return std::holds_alternative<PairingBroken>(step) ||
         std::holds_alternative<PairingThanked>(step) ||
         std::holds_alternative<PairingWelcomed>(step);
}

}  // namespace

bool is_at(const PairingChannel& channel, CpaceRole role, const PublicKey& key,
           const Signature& signature) {
  return store::verify(key, store::pairing_domain,
                       channel.binding_of(role).view(), signature);
}

// -- the newcomer -------------------------------------------------------------

NewcomerTalk::NewcomerTalk(ShortCodePtr code, std::uint32_t session,
                           std::uint32_t left_s, const Entropy& entropy)
    : exchange_(std::move(code), session, left_s, entropy) {}

PairingStep NewcomerTalk::take(ByteView bytes, const Entropy& entropy) {
  if (is_over_) return PairingWait{};
  auto message = read_message(bytes);
  auto step = message ? take_message(*message, entropy)
                      : broken(message.error());
  is_over_ |= is_end(step);
  return step;
}

PairingStep NewcomerTalk::take_message(const PairingMessage& message,
                                       const Entropy& entropy) {
  if (const auto* hello = std::get_if<PairingHello>(&message))
    return say(exchange_.take(*hello));
  if (const auto* begin = std::get_if<PairingBegin>(&message)) {
    auto answer = exchange_.take(*begin, entropy);
    if (!answer) return broken(answer.error());
    return PairingAnswerGuess{write_message(*answer)};
  }
  if (const auto* proof = std::get_if<PairingProof>(&message))
    return take_proof(*proof);
  const auto* sealed = std::get_if<PairingSealed>(&message);
  if (sealed == nullptr || !channel_) return out_of_turn();
  auto secret = opened(*channel_, *sealed);
  return secret ? take_secret(*secret) : broken(secret.error());
}

PairingStep NewcomerTalk::take_proof(const PairingProof& proof) {
  auto end = exchange_.take(proof);
  if (!end) return broken(end.error());
  channel_.emplace(std::move(end->channel));
  return PairingProved{write_message(end->proof)};
}

PairingStep NewcomerTalk::take_secret(const PairingSecret& secret) {
  if (const auto* refusal = std::get_if<PairingRefusal>(&secret))
    return PairingBroken{refusal->outcome, refusal->detail};
  if (const auto* invitation = std::get_if<PairingInvitation>(&secret)) {
    if (std::exchange(has_met_, true)) return out_of_turn();
    if (!is_at(*channel_, CpaceRole::initiator, invitation->authority_key,
               invitation->signature))
      return PairingBroken{PairingOutcome::broken,
                           "the authority does not have the key that it shows"};
    return PairingMetAuthority{*invitation, channel_->symbols()};
  }
  const auto* welcome = std::get_if<PairingWelcome>(&secret);
  if (welcome == nullptr || !has_met_ ||
      file_.size() + welcome->part.size() > welcome_max)
    return out_of_turn();
  file_ += welcome->part;
  if (!welcome->is_last) return PairingWait{};
  return PairingWelcomed{std::move(file_), welcome->checkpoint};
}

std::vector<Bytes> NewcomerTalk::introduce(std::string_view file,
                                           const Signature& signature,
                                           const PairingPlace& place) {
  return sealed_in_parts(
      channel_.value(), file, [&](std::string part, bool is_last) {
        return PairingIntroduction{std::move(part), is_last, signature,
                                   is_last ? place : PairingPlace{}};
      });
}

Bytes NewcomerTalk::thanks() {
  return sealed(channel_.value(), PairingThanks{});
}

Bytes NewcomerTalk::refuse(const PairingRefusal& refusal) {
  is_over_ = true;
  return sealed(channel_.value(), refusal);
}

// -- the authority ------------------------------------------------------------

AuthorityTalk::AuthorityTalk(const Entropy& entropy) : exchange_(entropy) {}

Bytes AuthorityTalk::hello() const { return write_message(exchange_.hello()); }

PairingStep AuthorityTalk::take(ByteView bytes) {
  if (is_over_) return PairingWait{};
  auto message = read_message(bytes);
  auto step = message ? take_message(*message) : broken(message.error());
  is_over_ |= is_end(step);
  return step;
}

PairingStep AuthorityTalk::take_message(const PairingMessage& message) {
  if (const auto* offer = std::get_if<PairingOffer>(&message)) {
    if (auto taken = exchange_.take(*offer); !taken)
      return broken(taken.error());
    return PairingOffered{offer->session, offer->left_s};
  }
  if (const auto* answer = std::get_if<PairingAnswer>(&message))
    return say(exchange_.take(*answer));
  if (const auto* proof = std::get_if<PairingProof>(&message))
    return take_proof(*proof);
  // Whoever is in between may say it too, but not once there is a channel.
  if (const auto* end = std::get_if<PairingOver>(&message);
      end != nullptr && !channel_ && is_said_to_anybody(end->outcome))
    return PairingBroken{end->outcome, events::in_words(end->outcome)};
  const auto* sealed = std::get_if<PairingSealed>(&message);
  if (sealed == nullptr || !channel_) return out_of_turn();
  auto secret = opened(*channel_, *sealed);
  return secret ? take_secret(*secret) : broken(secret.error());
}

PairingStep AuthorityTalk::take_proof(const PairingProof& proof) {
  auto channel = exchange_.take(proof);
  if (!channel) return broken(channel.error());
  channel_.emplace(std::move(*channel));
  return PairingWait{};
}

PairingStep AuthorityTalk::take_secret(const PairingSecret& secret) {
  if (const auto* refusal = std::get_if<PairingRefusal>(&secret))
    return PairingBroken{refusal->outcome, refusal->detail};
  if (std::holds_alternative<PairingThanks>(secret) && has_welcomed_)
    return PairingThanked{};
  const auto* introduction = std::get_if<PairingIntroduction>(&secret);
  if (introduction == nullptr || has_met_ ||
      introduction_.size() + introduction->part.size() > introduction_max)
    return out_of_turn();
  introduction_ += introduction->part;
  if (!introduction->is_last) return PairingWait{};
  has_met_ = true;
  return PairingMetNewcomer{std::move(introduction_), introduction->signature,
                            channel_->symbols(), introduction->place};
}

store::Result<Bytes> AuthorityTalk::begin(const events::ShortCode& code,
                                          const Entropy& entropy) {
  auto begun = exchange_.begin(code, entropy);
  if (!begun) return begun.error();
  return write_message(*begun);
}

Bytes AuthorityTalk::invite(const PairingInvitation& invitation) {
  return sealed(channel_.value(), invitation);
}

std::vector<Bytes> AuthorityTalk::welcome(std::string_view file,
                                          const std::string& checkpoint) {
  has_welcomed_ = true;
  return sealed_in_parts(
      channel_.value(), file, [&](std::string part, bool is_last) {
        return PairingWelcome{std::move(part), is_last,
                              is_last ? checkpoint : std::string{}};
      });
}

Bytes AuthorityTalk::refuse(const PairingRefusal& refusal) {
  is_over_ = true;
  return sealed(channel_.value(), refusal);
}

}  // namespace ppn::actors
