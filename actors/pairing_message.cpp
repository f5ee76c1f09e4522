#include "actors/pairing_message.hpp"

#include <bit>

#include "schema/pairing_message_generated.h"
#include "store/record.hpp"

namespace ppn::actors {

namespace {

using Builder = flatbuffers::FlatBufferBuilder;
using schema::PairingBody;
using store::Error;
using store::ErrorCode;

struct Built {
  PairingBody kind{};
  flatbuffers::Offset<void> body;
};

/// The bytes as the struct of the schema that is nothing else.
template <class Struct, class Array>
Struct stored(const Array& bytes) {
  return std::bit_cast<Struct>(bytes);
}

template <class Array, class Struct>
Array read(const Struct* stored) {
  return std::bit_cast<Array>(*stored);
}

/// Puts a message of each kind together.
struct Build {
  Builder& builder;

  Built operator()(const PairingHello& message) const {
    auto nonce = stored<schema::PairingNonce>(message.nonce);
    return {PairingBody::PairingHello,
            schema::CreatePairingHello(builder, &nonce).Union()};
  }
  Built operator()(const PairingOffer& message) const {
    auto nonce = stored<schema::PairingNonce>(message.nonce);
    return {PairingBody::PairingOffer,
            schema::CreatePairingOffer(builder, message.session, &nonce,
                                       message.symbols, message.left_s)
                .Union()};
  }
  Built operator()(const PairingBegin& message) const {
    auto nonce = stored<schema::PairingNonce>(message.nonce);
    auto point = stored<schema::PairingPoint>(message.point);
    return {PairingBody::PairingBegin,
            schema::CreatePairingBegin(builder, &nonce, &point).Union()};
  }
  Built operator()(const PairingAnswer& message) const {
    auto point = stored<schema::PairingPoint>(message.point);
    return {PairingBody::PairingAnswer,
            schema::CreatePairingAnswer(builder, &point).Union()};
  }
  Built operator()(const PairingProof& message) const {
    auto tag = stored<schema::PairingTag>(message.tag);
    return {PairingBody::PairingProof,
            schema::CreatePairingProof(builder, &tag).Union()};
  }
  Built operator()(const PairingSealed& message) const {
    auto bytes = builder.CreateVector(message.bytes);
    return {PairingBody::PairingSealed,
            schema::CreatePairingSealed(builder, bytes).Union()};
  }
  Built operator()(const PairingOver& message) const {
    return {PairingBody::PairingOver,
            schema::CreatePairingOver(builder, message.outcome).Union()};
  }
};

PairingMessage message_of(const schema::PairingHello& body) {
  return PairingHello{read<PairingNonce>(body.nonce())};
}

PairingMessage message_of(const schema::PairingOffer& body) {
  return PairingOffer{body.session(), read<PairingNonce>(body.nonce()),
                      body.symbols(), body.left_s()};
}

PairingMessage message_of(const schema::PairingBegin& body) {
  return PairingBegin{read<PairingNonce>(body.nonce()),
                      read<CpacePoint>(body.point())};
}

PairingMessage message_of(const schema::PairingAnswer& body) {
  return PairingAnswer{read<CpacePoint>(body.point())};
}

PairingMessage message_of(const schema::PairingProof& body) {
  return PairingProof{read<CpaceTag>(body.tag())};
}

PairingMessage message_of(const schema::PairingSealed& body) {
  return PairingSealed{{body.bytes()->begin(), body.bytes()->end()}};
}

/// An outcome that this program does not know is none.
PairingMessage message_of(const schema::PairingOver& body) {
  bool is_known = flatbuffers::IsInRange(
      body.outcome(), schema::PairingOutcome::MIN, schema::PairingOutcome::MAX);
  return PairingOver{is_known ? body.outcome()
                              : schema::PairingOutcome::unknown};
}

Error no_message() {
  return {ErrorCode::bad_input, "that is no message of a ceremony"};
}

}  // namespace

Bytes write_message(const PairingMessage& message) {
  Builder builder;
  auto built = std::visit(Build{builder}, message);
  schema::FinishPairingMessageBuffer(
      builder, schema::CreatePairingMessage(builder, built.kind, built.body));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

store::Result<PairingMessage> read_message(ByteView bytes) {
  constexpr flatbuffers::uoffset_t max_depth = 4;
  constexpr flatbuffers::uoffset_t max_tables = 4;
  if (bytes.empty() || bytes.size() > pairing_message_max) return no_message();
  store::AlignedBytes memory;
  auto aligned = memory.assign(bytes);
  flatbuffers::Verifier verifier{aligned.data(), aligned.size(), max_depth,
                                 max_tables};
  if (!schema::VerifyPairingMessageBuffer(verifier)) return no_message();
  const auto& message = *schema::GetPairingMessage(aligned.data());
  switch (message.body_type()) {
    case PairingBody::NONE:
      break;
    case PairingBody::PairingHello:
      return message_of(*message.body_as_PairingHello());
    case PairingBody::PairingOffer:
      return message_of(*message.body_as_PairingOffer());
    case PairingBody::PairingBegin:
      return message_of(*message.body_as_PairingBegin());
    case PairingBody::PairingAnswer:
      return message_of(*message.body_as_PairingAnswer());
    case PairingBody::PairingProof:
      return message_of(*message.body_as_PairingProof());
    case PairingBody::PairingSealed:
      return message_of(*message.body_as_PairingSealed());
    case PairingBody::PairingOver:
      return message_of(*message.body_as_PairingOver());
  }
  return no_message();
}

}  // namespace ppn::actors
