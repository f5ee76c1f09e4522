#include "tests/support/roster_author.hpp"

#include "events/roster.hpp"
#include "tests/support/good.hpp"

namespace ppn::tests {

namespace {

/// Bytes of which no two are the same, neither for two kinds nor two numbers.
template <class Fixed>
Fixed numbered(std::uint8_t kind, std::uint32_t number) {
  Fixed fixed;
  fixed.bytes.front() = kind;
  for (auto byte = fixed.bytes.rbegin(); number != 0; ++byte, number >>= 8U)
    *byte = static_cast<std::uint8_t>(number);
  return fixed;
}

template <class T>
T there(std::optional<T> read) {
  if (!read) throw std::invalid_argument{"a test has a wrong address"};
  return *read;
}

}  // namespace

NodeId node_of(std::uint32_t number) { return numbered<NodeId>(1, number); }

PublicKey signing_key_of(std::uint32_t number) {
  return numbered<PublicKey>(2, number);
}

events::TunnelKey tunnel_key_of(std::uint32_t number) {
  return numbered<events::TunnelKey>(3, number);
}

events::IpAddress address(std::string_view text) {
  return there(events::IpAddress::parse(text));
}

events::IpRange range(std::string_view text) {
  return there(events::IpRange::parse(text));
}

events::Endpoint endpoint(std::string_view text) {
  return there(events::Endpoint::parse(text));
}

events::Newcomer newcomer(std::uint32_t number,
                          std::vector<events::Endpoint> endpoints) {
  return {node_of(number), "node-" + std::to_string(number),
          signing_key_of(number), tunnel_key_of(number), std::move(endpoints)};
}

events::FoundMesh founding(const char* range_text, const char* range6_text) {
  events::FoundMesh made;
  made.mesh = numbered<Id>(4, 1);
  made.name = "home";
  made.range = range(range_text);
  if (range6_text != nullptr) made.range6 = range(range6_text);
  made.recovery_key = numbered<PublicKey>(5, 1);
  made.founder = newcomer(1);
  return made;
}

Bytes entry_at(const RosterPlace& place, schema::EventUnion payload) {
  store::Event event;
  event.stream = place.stream;
  event.principal = {schema::PrincipalKind::operator_, "uid/1000"};
  event.payload = std::move(payload);
  flatbuffers::FlatBufferBuilder builder;
  auto bytes = store::build_entry(builder, event,
                                  {7, {}, place.author, place.version},
                                  {place.utc_ns, 1, true});
  return {bytes.begin(), bytes.end()};
}

Bytes taken(const Bytes& entry, const RosterPlace& place) {
  schema::RosterEntryTakenT event;
  event.entry = entry;
  event.signature = std::make_unique<schema::Signature>();
  return entry_at(place, std::move(event));
}

std::string apply_to(events::Mesh& mesh, const Bytes& entry) {
  store::AlignedBytes aligned;
  const auto* checked = good(store::check_entry(aligned.assign(entry)));
  return events::apply(mesh, *checked).value_or("");
}

std::string RosterAuthor::operator()(const events::MeshCommand& command,
                                     const events::Moment& now) {
  const auto* founding = std::get_if<events::FoundMesh>(&command);
  const auto* recovery = std::get_if<events::RecoverMesh>(&command);
  auto self = founding != nullptr   ? founding->founder.node
              : recovery != nullptr ? recovery->node
                                    : mesh_.authority;
  return record(events::decide(mesh_, self, command, now), self, now);
}

std::string RosterAuthor::hear(const NodeId& member,
                               const events::KeyNews& news,
                               const events::Moment& now) {
  auto self = mesh_.authority;
  return record(events::decide_key_news(mesh_, self, member, news, now), self,
                now);
}

std::string RosterAuthor::record(const events::Decision& decision,
                                 const NodeId& author,
                                 const events::Moment& now) {
  if (const auto* refusal = std::get_if<events::Refusal>(&decision))
    return refusal->reason;
  for (const auto& draft : std::get<std::vector<events::Draft>>(decision)) {
    bool goes_on = draft.stream == events::roster_stream_of(mesh_);
    auto version = goes_on ? mesh_.version + 1 : 1;
    auto bytes = entry_at({author, version, now.utc_ns, draft.stream},
                          schema::EventUnion{draft.payload});
    auto wrong = apply_to(mesh_, bytes);
    if (!wrong.empty())
      throw std::logic_error{"what was decided can not be: " + wrong};
    entries_.push_back(std::move(bytes));
  }
  return {};
}

RosterAuthor mesh_of(std::uint32_t count, const char* range,
                     const char* range6) {
  RosterAuthor author;
  auto must = [](const std::string& refusal) {
    if (!refusal.empty()) throw std::logic_error{refusal};
  };
  must(author(founding(range, range6)));
  for (std::uint32_t number = 2; number <= count; ++number)
    must(author(events::AddMember{newcomer(number)}));
  return author;
}

}  // namespace ppn::tests
