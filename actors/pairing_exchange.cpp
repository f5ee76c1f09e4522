#include "actors/pairing_exchange.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "store/byte_order.hpp"

namespace ppn::actors {

namespace {

using store::as_bytes;
using store::Error;
using store::ErrorCode;

constexpr std::string_view authority_role = "ppn-pairing-v1 authority";
constexpr std::string_view newcomer_role = "ppn-pairing-v1 newcomer";

/// Nothing may follow unless this is expected and all goes well.
bool is_due(PairingTurn& turn, PairingTurn expected) {
  return std::exchange(turn, PairingTurn::none) == expected;
}

Error out_of_turn() {
  return {ErrorCode::bad_input, "that is not what is to come next"};
}

CpaceRun run_of(CpaceRole role, const events::ShortCode& code,
                std::uint32_t session, const PairingNonce& of_authority,
                const PairingNonce& of_newcomer, const Entropy& entropy) {
  auto number = std::to_string(session);
  auto channel = lv_cat(
      {as_bytes(authority_role), as_bytes(newcomer_role), as_bytes(number)});
  Bytes id{of_authority.begin(), of_authority.end()};
  id.insert(id.end(), of_newcomer.begin(), of_newcomer.end());
  store::WipedBytes<CpaceRun::entropy_size> random;
  entropy(random);
  return {role, {code.password(), channel, id}, {}, CpaceRun::Entropy{random}};
}

}  // namespace

// -- the authority ------------------------------------------------------------

PairingInitiator::PairingInitiator(const Entropy& entropy) { entropy(nonce_); }

store::Status PairingInitiator::take(const PairingOffer& offer) {
  if (!is_due(turn_, PairingTurn::first)) return out_of_turn();
  offer_ = offer;
  turn_ = PairingTurn::second;
  return {};
}

store::Result<PairingBegin> PairingInitiator::begin(
    const events::ShortCode& code, const Entropy& entropy) {
  bool is_offered = turn_ == PairingTurn::second;
  if (is_offered && code.password().size() != offer_.symbols)
    return Error{ErrorCode::bad_input, "the code that is shown has " +
                                           std::to_string(offer_.symbols) +
                                           " symbols and one that checks them"};
  if (!is_due(turn_, PairingTurn::second)) return out_of_turn();
  run_ = run_of(CpaceRole::initiator, code, offer_.session, nonce_,
                offer_.nonce, entropy);
  turn_ = PairingTurn::third;
  return PairingBegin{offer_.nonce, run_->message().point};
}

store::Result<PairingProof> PairingInitiator::take(
    const PairingAnswer& answer) {
  if (!is_due(turn_, PairingTurn::third)) return out_of_turn();
  auto run = std::exchange(run_, std::nullopt);
  auto keys = std::move(*run).finish({answer.point, {}});
  if (!keys) return keys.error();
  keys_ = std::move(*keys);
  turn_ = PairingTurn::fourth;
  return PairingProof{keys_->tag()};
}

store::Result<PairingChannel> PairingInitiator::take(
    const PairingProof& proof) {
  if (!is_due(turn_, PairingTurn::fourth)) return out_of_turn();
  auto keys = std::exchange(keys_, std::nullopt);
  if (!keys->confirms(proof.tag))
    return Error{ErrorCode::permission,
                 "the newcomer shows another code than the one that was typed"};
  return PairingChannel{CpaceRole::initiator, *keys};
}

// -- the newcomer -------------------------------------------------------------

PairingResponder::PairingResponder(ShortCodePtr code, std::uint32_t session,
                                   std::uint32_t left_s, const Entropy& entropy)
    : code_(std::move(code)),
      offer_{session,
             {},
             static_cast<std::uint8_t>(code_->password().size()),
             left_s} {
  entropy(offer_.nonce);
}

store::Result<PairingOffer> PairingResponder::take(const PairingHello& hello) {
  if (!is_due(turn_, PairingTurn::first)) return out_of_turn();
  nonce_of_authority_ = hello.nonce;
  turn_ = PairingTurn::second;
  return offer_;
}

store::Result<PairingAnswer> PairingResponder::take(const PairingBegin& begin,
                                                    const Entropy& entropy) {
  if (!is_due(turn_, PairingTurn::second) || begin.nonce != offer_.nonce)
    return out_of_turn();
  auto run = run_of(CpaceRole::responder, *code_, offer_.session,
                    nonce_of_authority_, offer_.nonce, entropy);
  PairingAnswer answer{run.message().point};
  auto keys = std::move(run).finish({begin.point, {}});
  if (!keys) return keys.error();
  keys_ = std::move(*keys);
  turn_ = PairingTurn::third;
  return answer;
}

store::Result<PairingResponder::End> PairingResponder::take(
    const PairingProof& proof) {
  if (!is_due(turn_, PairingTurn::third)) return out_of_turn();
  auto keys = std::exchange(keys_, std::nullopt);
  if (!keys->confirms(proof.tag))
    return Error{ErrorCode::permission,
                 "the authority's operator typed another code"};
  return End{{keys->tag()}, {CpaceRole::responder, *keys}};
}

}  // namespace ppn::actors
