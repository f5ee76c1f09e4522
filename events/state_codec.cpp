#include "events/state_codec.hpp"

#include <flatbuffers/flatbuffers.h>

#include <cstring>

#include "schema/state_generated.h"

namespace ppn::events {

namespace {

using Builder = flatbuffers::FlatBufferBuilder;

flatbuffers::Offset<schema::NodeState> encode(Builder& builder,
                                              const Node& node) {
  std::vector<flatbuffers::Offset<schema::KeyPeriod>> keys;
  for (const auto& period : node.keys) {
    auto key = period.key.stored();
    keys.push_back(schema::CreateKeyPeriod(builder, period.from, &key));
  }
  auto name = builder.CreateString(node.name);
  auto key_vector = builder.CreateVector(keys);
  auto id = node.id.stored();
  auto replaces = node.replaces.value_or(NodeId{}).stored();
  return schema::CreateNodeState(
      builder, &id, name, key_vector, node.boot, node.running,
      node.replaces ? &replaces : nullptr, node.outside_checkpoints_accepted);
}

flatbuffers::Offset<schema::GrantState> encode(Builder& builder, const Id& id,
                                               const Grant& grant) {
  flatbuffers::Offset<schema::Expiry> expiry;
  if (grant.expiry)
    expiry = schema::CreateExpiry(builder, grant.expiry->utc_ns,
                                  grant.expiry->boot,
                                  grant.expiry->since_boot_ns);
  flatbuffers::Offset<flatbuffers::String> parent;
  if (grant.parent) parent = builder.CreateString(grant.parent->hex());
  auto name = builder.CreateString(id.hex());
  auto subject = builder.CreateString(grant.subject);
  auto resource = builder.CreateString(grant.resource);
  return schema::CreateGrantState(builder, name, subject, resource,
                                  grant.rights, expiry, parent,
                                  grant.granted_at);
}

flatbuffers::Offset<schema::CapabilityState> encode(
    Builder& builder, const Capabilities& capabilities) {
  std::vector<flatbuffers::Offset<schema::GrantState>> grants;
  for (const auto& [id, grant] : capabilities.live)
    grants.push_back(encode(builder, id, grant));
  return schema::CreateCapabilityState(builder, builder.CreateVector(grants),
                                       capabilities.revoked);
}

std::string text(const flatbuffers::String* string) {
  return string == nullptr ? std::string{} : string->str();
}

std::size_t text_size(const flatbuffers::String* string) {
  return string == nullptr ? 0 : string->size();
}

bool decode(const schema::NodeState& table, Node& node) {
  if (table.id() == nullptr || table.keys() == nullptr) return false;
  node.id = NodeId{*table.id()};
  node.name = text(table.name());
  for (const auto* period : *table.keys())
    node.keys.push_back({period->from(), PublicKey{*period->key()}});
  node.boot = table.boot();
  node.running = table.running();
  if (table.replaces() != nullptr) node.replaces = NodeId{*table.replaces()};
  node.outside_checkpoints_accepted = table.outside_checkpoints_accepted();
  return true;
}

bool decode(const schema::GrantState& table, Capabilities& capabilities) {
  auto id = Id::parse_hex(text(table.grant()));
  if (!id) return false;
  Grant grant;
  grant.subject = text(table.subject());
  grant.resource = text(table.resource());
  grant.rights = table.rights();
  grant.granted_at = table.granted_at();
  if (const auto* expiry = table.expiry())
    grant.expiry =
        Expiry{expiry->utc_ns(), expiry->boot(), expiry->since_boot_ns()};
  if (table.parent() != nullptr) {
    grant.parent = Id::parse_hex(text(table.parent()));
    if (!grant.parent) return false;
  }
  return capabilities.live.emplace(*id, std::move(grant)).second;
}

}  // namespace

Bytes encode(const State& state) {
  Builder builder;
  auto node = encode(builder, state.node);
  auto capabilities = encode(builder, state.capabilities);
  schema::FinishStateBuffer(builder,
                            schema::CreateState(builder, node, capabilities));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

std::optional<State> decode(ByteView bytes) {
  std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
  if (bytes.empty()) return std::nullopt;
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  // A state names every grant, so its tables are bounded by its size only.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): to bytes
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier{
      data, bytes.size(), 8,
      static_cast<flatbuffers::uoffset_t>(bytes.size() / 8 + 1)};
  if (!schema::VerifyStateBuffer(verifier)) return std::nullopt;
  const auto* table = schema::GetState(data);
  if (table->node() == nullptr || table->capabilities() == nullptr)
    return std::nullopt;
  State state;
  if (!decode(*table->node(), state.node)) return std::nullopt;
  std::size_t texts = 0;
  state.capabilities.revoked = table->capabilities()->revoked();
  if (const auto* live = table->capabilities()->live())
    for (const auto* grant : *live) {
      // Texts that overlap in the buffer must not grow beyond it in memory.
      texts += text_size(grant->subject()) + text_size(grant->resource());
      if (texts > bytes.size() || !decode(*grant, state.capabilities))
        return std::nullopt;
    }
  return state;
}

}  // namespace ppn::events
