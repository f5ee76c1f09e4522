#include "tests/simulation/false_dispatches.hpp"

#include "actors/dispatch_document.hpp"
#include "schema/dispatch_generated.h"
#include "store/checkpoint.hpp"
#include "tests/simulation/datagrams.hpp"
#include "tests/simulation/vm_operators.hpp"

namespace ppn::simulation {

namespace {

template <class Struct>
std::unique_ptr<Struct> stored(const FixedBytes<Struct>& bytes) {
  return std::make_unique<Struct>(bytes.stored());
}

Hash leaf_of(const Bytes& record) {
  return store::hash_record(*store::split_record(record)).leaf;
}

/// A tree that has nothing but that.
std::string checkpoint_over(const Bytes& record, const NodeId& author,
                            const store::SigningKey& key) {
  auto note = store::sign_checkpoint(author, {1, leaf_of(record)}, key);
  return note ? *note : std::string{};
}

/// What a node gives is well-formed.
Id request_of(const Bytes& document) {
  const auto& record = *schema::GetDispatchDocument(document.data())->record();
  store::AlignedBytes aligned;
  auto opened = store::open_record({record.data(), record.size()}, aligned);
  if (const auto* placed = opened->entry->payload_as_GuestPlaced())
    return Id{*placed->request()};
  return Id{*opened->entry->payload_as_GuestOrdered()->request()};
}

void spoil_signature(Bytes& record) { record.back() ^= 1U; }

bool has_controller(const Host& host, const NodeId& node) {
  return host.shadow.state().mesh.controller == node;
}

}  // namespace

/// Something that the host would do at once.
schema::EventUnion FalseDispatches::some_wish(const Id& request,
                                              const Host& to) {
  const auto& state = to.shadow.state();
  schema::EventUnion payload;
  if (!state.vms.empty() && scene_.one_in(2)) {
    schema::GuestOrderedT ordered;
    ordered.request = stored(request);
    ordered.node = stored(state.node.id);
    ordered.vm = stored(state.vms.begin()->first);
    ordered.name = state.vms.begin()->second.name;
    ordered.verb = schema::GuestVerb::remove;
    ordered.force = true;
    payload.Set(std::move(ordered));
    return payload;
  }
  schema::GuestPlacedT placed;
  placed.request = stored(request);
  placed.node = stored(state.node.id);
  placed.vm = stored(scene_.next_id());
  placed.name = "unwanted";
  auto spec = some_spec(scene_, {});
  spec.node = state.node.id;
  placed.spec = std::make_unique<schema::VmSpecT>(events::stored(spec));
  payload.Set(std::move(placed));
  return payload;
}

std::optional<FalseDispatches::Forgery> FalseDispatches::sign_entry(
    const Host& liar, const Host& to, const NodeId& author,
    std::uint64_t sequence) {
  Forgery forgery{scene_.next_id(), author, {}, {}};
  store::Event event{events::fleet_stream,
                     0,
                     {schema::PrincipalKind::operator_, "uid/0"},
                     {},
                     some_wish(forgery.request, to)};
  flatbuffers::FlatBufferBuilder builder;
  auto built = store::build_entry(builder, event, {sequence, {}, author, 1},
                                  scene_.read_clock(liar));
  forgery.record.assign(built.begin(), built.end());
  auto signature = sign(liar, store::entry_domain, forgery.record);
  if (!signature) return std::nullopt;
  forgery.record.insert(forgery.record.end(), signature->bytes.begin(),
                        signature->bytes.end());
  return forgery;
}

std::optional<FalseDispatches::Forgery> FalseDispatches::forge(Host& liar,
                                                               const Host& to) {
  const auto& self = liar.shadow.state().node.id;
  auto key = signing_key(liar);
  if (!key) return std::nullopt;
  bool controls = has_controller(to, self);
  if (controls && scene_.one_in(2) && liar.disk.outside_checkpoint) {
    // What it signed and did not record.
    auto forgery = sign_entry(liar, to, self, 0);
    if (forgery) forgery->checkpoint = *liar.disk.outside_checkpoint;
    return forgery;
  }
  bool pretends = !controls && scene_.one_in(2);
  const auto& author = pretends ? to.shadow.state().mesh.controller : self;
  auto forgery = sign_entry(liar, to, author, 0);
  if (!forgery) return std::nullopt;
  if (controls)
    spoil_signature(forgery->record);
  else if (!pretends)
    rules_.expect_lie(forgery->request);
  forgery->checkpoint = checkpoint_over(forgery->record, author, *key);
  return forgery;
}

/// A true one, which may be for somebody else.
std::optional<actors::Dispatch> FalseDispatches::steal(Host& liar) {
  auto document = bulk_.some_document();
  // Members give each other other documents too.
  if (!document ||
      !schema::DispatchDocumentBufferHasIdentifier(document->data()))
    return std::nullopt;
  return actors::Dispatch{request_of(*document), bulk_.plant(liar, *document),
                          static_cast<std::uint32_t>(document->size())};
}

std::optional<actors::Dispatch> FalseDispatches::show(Host& liar,
                                                      const Host& to) {
  if (scene_.one_in(3)) return steal(liar);
  auto forgery = forge(liar, to);
  if (!forgery) return std::nullopt;
  auto document =
      actors::build_document({forgery->record, {}, forgery->checkpoint});
  return actors::Dispatch{forgery->request, bulk_.plant(liar, document),
                          static_cast<std::uint32_t>(document.size())};
}

/// To something that somebody else was asked.
std::optional<actors::DispatchAnswer> FalseDispatches::answer(const Host& liar,
                                                              const Host& to) {
  using enum schema::DispatchStage;
  const auto& self = liar.shadow.state().node.id;
  for (const auto& [id, request] : to.shadow.state().fleet.requests) {
    if (!events::is_open(request) || request.node == self) continue;
    auto stage = scene_.one_in(2) ? done : refused;
    return actors::DispatchAnswer{id, stage, "it lies", 1};
  }
  return std::nullopt;
}

std::optional<actors::FrameBody> FalseDispatches::make(Host& liar,
                                                       const Host& to) {
  scene_.trace.note(liar.index, "false dispatch",
                    static_cast<std::uint64_t>(to.index));
  if (auto told = answer(liar, to)) return *told;
  if (auto shown = show(liar, to)) return *shown;
  return std::nullopt;
}

}  // namespace ppn::simulation
