#include "actors/pairing_secret.hpp"

#include "events/mesh.hpp"
#include "events/stored_address.hpp"
#include "events/stored_member.hpp"
#include "schema/pairing_secret_generated.h"
#include "schema/plain_text.hpp"
#include "store/record.hpp"

namespace ppn::actors {

namespace {

using Builder = flatbuffers::FlatBufferBuilder;
using schema::PairingSecretBody;
using store::Error;
using store::ErrorCode;

struct Built {
  PairingSecretBody kind{};
  flatbuffers::Offset<void> body;
};

/// Puts one of each kind together.
struct Build {
  Builder& builder;

  Built operator()(const PairingIntroduction& secret) const {
    auto part = builder.CreateString(secret.part);
    auto signature = secret.signature.stored();
    auto endpoints = events::build_endpoints(builder, secret.place.endpoints);
    return {
        PairingSecretBody::PairingIntroduction,
        schema::CreatePairingIntroduction(builder, part, secret.is_last,
                                          secret.is_last ? &signature : nullptr,
                                          endpoints, secret.place.listen_port)
            .Union()};
  }
  Built operator()(const PairingInvitation& secret) const {
    auto mesh = secret.mesh.stored();
    auto mesh_name = builder.CreateString(secret.mesh_name);
    auto authority = secret.authority.stored();
    auto authority_name = builder.CreateString(secret.authority_name);
    auto key = secret.authority_key.stored();
    auto signature = secret.signature.stored();
    return {
        PairingSecretBody::PairingInvitation,
        schema::CreatePairingInvitation(builder, &mesh, mesh_name, &authority,
                                        authority_name, &key, &signature)
            .Union()};
  }
  Built operator()(const PairingWelcome& secret) const {
    auto part = builder.CreateString(secret.part);
    flatbuffers::Offset<flatbuffers::String> checkpoint;
    if (!secret.checkpoint.empty())
      checkpoint = builder.CreateString(secret.checkpoint);
    return {
        PairingSecretBody::PairingWelcome,
        schema::CreatePairingWelcome(builder, part, secret.is_last, checkpoint)
            .Union()};
  }
  Built operator()(const PairingThanks& /*secret*/) const {
    return {PairingSecretBody::PairingThanks,
            schema::CreatePairingThanks(builder).Union()};
  }
  Built operator()(const PairingRefusal& secret) const {
    auto detail = builder.CreateString(secret.detail);
    return {
        PairingSecretBody::PairingRefusal,
        schema::CreatePairingRefusal(builder, secret.outcome, detail).Union()};
  }
};

Error nothing_to_say() {
  return {ErrorCode::bad_input, "nothing of the kind is said in a ceremony"};
}

store::Result<PairingSecret> secret_of(
    const schema::PairingIntroduction& introduction) {
  const auto* signature = introduction.signature();
  auto endpoints = events::read_endpoints(introduction.endpoints());
  if (introduction.is_last() != (signature != nullptr) || !endpoints ||
      endpoints->size() > events::endpoints_max)
    return nothing_to_say();
  return PairingSecret{PairingIntroduction{
      introduction.part()->str(),
      introduction.is_last(),
      signature == nullptr ? Signature{} : Signature{*signature},
      {std::move(*endpoints), introduction.listen_port()}}};
}

store::Result<PairingSecret> secret_of(
    const schema::PairingInvitation& invitation) {
  auto name = invitation.authority_name()->str();
  auto mesh_name = invitation.mesh_name()->str();
  // They are shown to an operator before anything else is known of the mesh.
  if (!events::is_member_name(name) || !events::is_member_name(mesh_name))
    return nothing_to_say();
  return PairingSecret{
      PairingInvitation{Id{*invitation.mesh()}, std::move(mesh_name),
                        NodeId{*invitation.authority()}, std::move(name),
                        PublicKey{*invitation.authority_key()},
                        Signature{*invitation.signature()}}};
}

/// Those by which one side may end what the other one wants.
bool is_refusal(schema::PairingOutcome outcome) {
  switch (outcome) {
    case schema::PairingOutcome::expired:
    case schema::PairingOutcome::refused:
    case schema::PairingOutcome::cancelled:
    case schema::PairingOutcome::name_taken:
    case schema::PairingOutcome::range_full:
    case schema::PairingOutcome::already_member:
    case schema::PairingOutcome::broken:
      return true;
    default:
      return false;
  }
}

store::Result<PairingSecret> secret_of(const schema::PairingRefusal& refusal) {
  auto detail = refusal.detail() == nullptr ? "" : refusal.detail()->str();
  if (!is_refusal(refusal.outcome()) || schema::printable(detail) != detail ||
      detail.size() > events::reason_max)
    return nothing_to_say();
  return PairingSecret{PairingRefusal{refusal.outcome(), std::move(detail)}};
}

}  // namespace

Bytes write_secret(const PairingSecret& secret) {
  Builder builder;
  auto built = std::visit(Build{builder}, secret);
  schema::FinishPairingSecretBuffer(
      builder, schema::CreatePairingSecret(builder, built.kind, built.body));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

store::Result<PairingSecret> read_secret(ByteView bytes) {
  constexpr flatbuffers::uoffset_t max_depth = 4;
  constexpr flatbuffers::uoffset_t max_tables = 4;
  if (bytes.empty()) return nothing_to_say();
  store::AlignedBytes memory;
  auto aligned = memory.assign(bytes);
  flatbuffers::Verifier verifier{aligned.data(), aligned.size(), max_depth,
                                 max_tables};
  if (!schema::VerifyPairingSecretBuffer(verifier)) return nothing_to_say();
  const auto& secret = *schema::GetPairingSecret(aligned.data());
  switch (secret.body_type()) {
    case PairingSecretBody::NONE:
      break;
    case PairingSecretBody::PairingIntroduction:
      return secret_of(*secret.body_as_PairingIntroduction());
    case PairingSecretBody::PairingInvitation:
      return secret_of(*secret.body_as_PairingInvitation());
    case PairingSecretBody::PairingWelcome: {
      const auto& welcome = *secret.body_as_PairingWelcome();
      const auto* checkpoint = welcome.checkpoint();
      return PairingSecret{
          PairingWelcome{welcome.part()->str(), welcome.is_last(),
                         checkpoint == nullptr ? "" : checkpoint->str()}};
    }
    case PairingSecretBody::PairingThanks:
      return PairingSecret{PairingThanks{}};
    case PairingSecretBody::PairingRefusal:
      return secret_of(*secret.body_as_PairingRefusal());
  }
  return nothing_to_say();
}

}  // namespace ppn::actors
