#include "tests/simulation/datagrams.hpp"

#include "actors/member.hpp"
#include "events/recovery.hpp"
#include "store/recovery.hpp"

namespace ppn::simulation {

namespace {

/// Enough to choose an old one from.
constexpr std::size_t recorded_max = 64;

std::uint64_t hash_of(const Bytes& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (auto byte : bytes) hash = (hash ^ byte) * 0x100000001b3U;
  return hash;
}

/// A record by which a member makes itself the authority; its own signature
/// stands in the place of that of the recovery key.
Bytes unwanted_recovery(const Host& host) {
  const auto& mesh = host.shadow.state().mesh;
  auto node = host.shadow.state().node.id;
  if (mesh.find(node) == nullptr) return {};
  auto epoch = mesh.epoch + 1;
  schema::RecoveryStatement statement{mesh.id, epoch, node,
                                      mesh.find(node)->key};
  auto own = sign(host, store::recovery_domain, bytes_of(statement));
  auto drafts =
      events::decide_recovery(mesh, {node, epoch, own.value_or(Signature{})});
  auto& draft = std::get<std::vector<events::Draft>>(drafts).front();
  store::Event event{draft.stream,
                     0,
                     {schema::PrincipalKind::operator_, "uid/0"},
                     {},
                     std::move(draft.payload)};
  flatbuffers::FlatBufferBuilder builder;
  auto built = store::build_entry(builder, event, {1, {}, node, 1}, {});
  Bytes record{built.begin(), built.end()};
  auto signature = sign(host, store::entry_domain, record);
  if (!signature) return {};
  record.insert(record.end(), signature->bytes.begin(), signature->bytes.end());
  return record;
}

/// What a third one says.
bool passes_on(const schema::Frame& frame) {
  const auto* passed = frame.body_as_Passed();
  if (passed == nullptr) return false;
  Bytes inner{passed->datagram()->begin(), passed->datagram()->end()};
  store::AlignedBytes aligned;
  auto opened = actors::open_frame(inner, aligned);
  return opened && opened->head.sender != NodeId{frame.head()->sender()};
}

/// It lies about the roster alone: whoever says that it lacks the key of a
/// tunnel gets none.
actors::Heartbeat false_beat(const Host& from, const NodeId& to) {
  actors::Heartbeat lie;
  lie.roster_version = 1;
  lie.roster_hash = Hash{};
  const auto* member =
      from.process->look_into_kept<actors::MemberState, actors::MemberActor>();
  if (member == nullptr || !member->shared) return lie;
  const auto& keys = member->shared->keys;
  if (auto key = keys.find(to); key != keys.end()) lie.preshared = key->second;
  return lie;
}

void tell(const std::function<void(const Host&, const actors::FrameHead&)>& who,
          const Host& of, const Bytes& bytes) {
  if (!who) return;
  store::AlignedBytes aligned;
  if (auto opened = actors::open_frame(bytes, aligned)) who(of, opened->head);
}

void flip_a_bit(Bytes& bytes, Random& random) {
  auto bit = random.below(bytes.size() * 8);
  bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
}

}  // namespace

std::optional<store::SigningKey> signing_key(const Host& host) {
  const auto& key = host.shadow.state().node.keys.back().key;
  for (const auto& seed : host.disk.keys) {
    auto pair = store::SigningKey::from_seed(seed);
    if (pair.public_key() == key) return pair;
  }
  return std::nullopt;
}

std::optional<Signature> sign(const Host& host,
                              const store::SignatureDomain& domain,
                              const Bytes& body) {
  auto key = signing_key(host);
  if (!key) return std::nullopt;
  return key->sign(domain, body);
}

void Datagrams::send(Host& from, const actors::DatagramPtr& datagram) {
  scene_.trace.note(from.index, "datagram out", datagram->bytes.size(),
                    datagram->bytes);
  if (!from.process->bound) return;
  store::AlignedBytes aligned;
  auto opened = actors::open_frame(datagram->bytes, aligned);
  if (!opened) return scene_.violate(from, "it sends what is no frame");
  const auto& frame = *opened->frame;
  if (on_sent) on_sent(from, frame);
  if (from.keeps_roster && frame.body_as_RosterAnswer() != nullptr) return;
  if (from.keeps_from_others && passes_on(frame)) return;
  const auto& source = datagram->peer.is_v6 ? from.process->bound_tunnel
                                            : *from.process->bound;
  Recorded sent{source, datagram->peer, datagram->bytes};
  if (from.keeps_roster && frame.body_as_Heartbeat() != nullptr)
    sent.bytes = forge(from, frame, false_beat(from, opened->head.recipient));
  if (from.lies && frame.body_as_RosterAnswer() != nullptr)
    sent.bytes = forge(from, frame,
                       some_false_answer(from, *frame.body_as_RosterAnswer()));
  if (from.lies)
    if (auto letter = some_false_letter(frame))
      sent.bytes = forge(from, frame, *letter);
  note_meant(frame, sent.bytes);
  record(sent);
  if (scene_.strikes(Fault::frame_replayed)) replay();
  if (scene_.strikes(Fault::frame_lost)) return;
  if (scene_.strikes(Fault::frame_repeated)) post(from, sent);
  damage(sent.bytes);
  post(from, sent);
}

/// A frame is made for one process of its recipient: the one that runs now.
void Datagrams::note_meant(const schema::Frame& frame, const Bytes& bytes) {
  NodeId recipient{frame.head()->recipient()};
  bool is_for_clone = scene_.clone.shadow.state().node.id == recipient;
  for (auto* to :
       {scene_.host_of(recipient), is_for_clone ? &scene_.clone : nullptr})
    if (to != nullptr && to->process)
      to->process->meant_for_it.insert(hash_of(bytes));
  if (const auto* passed = frame.body_as_Passed()) {
    Bytes inner{passed->datagram()->begin(), passed->datagram()->end()};
    store::AlignedBytes aligned;
    if (auto opened = actors::open_frame(inner, aligned))
      note_meant(*opened->frame, inner);
  }
}

Bytes Datagrams::forge(const Host& from, const schema::Frame& frame,
                       const actors::FrameBody& body) {
  auto bytes = actors::build_frame(actors::read_head(*frame.head()), body);
  auto signature =
      sign(from, store::frame_domain,
           actors::signed_part(from.shadow.state().mesh.id, bytes));
  return signature ? actors::seal(bytes, *signature) : Bytes{};
}

/// A true one that was changed, one of another place, or a recovery that nobody
/// wanted.
actors::RosterAnswer Datagrams::some_false_answer(
    const Host& from, const schema::RosterAnswer& answer) {
  auto& random = scene_.random;
  auto unwanted = random.below(3) == 0 ? unwanted_recovery(from) : Bytes{};
  if (!unwanted.empty())
    return {{unwanted.begin(), unwanted.end() - Signature::size},
            Signature{ByteView{unwanted}.last<Signature::size>()}};
  Bytes record{answer.entry()->begin(), answer.entry()->end()};
  Signature signature{*answer.signature()};
  record.insert(record.end(), signature.bytes.begin(), signature.bytes.end());
  if (random.below(2) == 0)
    record = history_.records()[random.below(history_.records().size())];
  else
    flip_a_bit(record, random);
  return {{record.begin(), record.end() - Signature::size},
          Signature{ByteView{record}.last<Signature::size>()}};
}

/// A witness that accuses others of what they did not sign, hides what they
/// did, or proves nothing.
std::optional<actors::FrameBody> Datagrams::some_false_letter(
    const schema::Frame& frame) {
  auto letter = actors::read_witness_letter(frame);
  if (!letter) return std::nullopt;
  auto& random = scene_.random;
  auto change = [&](Hash& hash) { hash.bytes[random.below(32)] ^= 1U; };
  if (auto* heads = std::get_if<actors::Heads>(&*letter)) {
    if (heads->heads.empty()) return std::nullopt;
    auto& told = heads->heads[random.below(heads->heads.size())];
    auto other = told.head;
    change(other.head.root);
    if (scene_.one_in(2))
      return actors::ForkTold{told.node, told.head, other, {}};
    told.head = other;
    return *heads;
  }
  if (auto* growth = std::get_if<actors::Growth>(&*letter)) {
    if (growth->proof.empty() || scene_.one_in(2))
      change(growth->root);
    else
      change(growth->proof[random.below(growth->proof.size())]);
    return *growth;
  }
  if (auto* fork = std::get_if<actors::ForkTold>(&*letter)) {
    std::swap(fork->first, fork->second);
    return *fork;
  }
  return std::nullopt;
}

void Datagrams::record(const Recorded& datagram) {
  if (!scene_.faults.on(Fault::frame_replayed)) return;
  if (recorded_.size() < recorded_max)
    recorded_.push_back(datagram);
  else if (scene_.one_in(4))
    recorded_[scene_.random.below(recorded_max)] = datagram;
}

/// Whoever recorded it can bring it to its recipient once more, or to somebody
/// else.
void Datagrams::replay() {
  const auto& old = recorded_[scene_.random.below(recorded_.size())];
  bool astray = scene_.one_in(4);
  for (auto& host : scene_.hosts) {
    if (host.device.has_address(old.to) == astray) continue;
    scene_.trace.note(host.index, "replayed", old.bytes.size());
    return deliver(host, old.source, old.bytes);
  }
}

void Datagrams::damage(Bytes& bytes) {
  if (scene_.strikes(Fault::frame_flipped)) flip_a_bit(bytes, scene_.random);
  if (scene_.strikes(Fault::frame_truncated))
    bytes.resize(scene_.random.below(bytes.size()));
}

std::uint64_t Datagrams::some_delay() {
  if (scene_.is_clear()) return second / 20;
  return scene_.strikes(Fault::frame_late) ? scene_.some_time(second)
                                           : scene_.random.below(second / 10);
}

void Datagrams::post(Host& from, const Recorded& datagram) {
  scene_.plan(some_delay(), [this, &from, datagram] {
    auto size = events::tunnel_bytes(datagram.bytes.size(), datagram.to.is_v6);
    if (auto* to = tunnels_.carry(from, datagram.source, datagram.to, size))
      deliver(*to, datagram.source, datagram.bytes);
  });
}

void Datagrams::deliver(Host& to, const events::IpAddress& source,
                        const Bytes& bytes) {
  if (!to.process || !to.process->bound ||
      !to.device.has_address(*to.process->bound))
    return;
  scene_.trace.note(to.index, "datagram in", bytes.size());
  if (on_arrived && to.process->meant_for_it.contains(hash_of(bytes)))
    tell(on_arrived, to, bytes);
  caf::anon_send(to.process->receiver, actors::datagram_atom::value,
                 actors::DatagramPtr{std::make_shared<const actors::Datagram>(
                     actors::Datagram{source, bytes})});
}

void Datagrams::check_believed(Host& host, caf::actor_id stepped) {
  if (!host.process) return;
  auto& process = *host.process;
  const auto* name = process.stepped;
  if (name == nullptr || *name != actors::MemberState::name) return;
  const auto* member =
      process.look_into_kept<actors::MemberState, actors::MemberActor>();
  if (member == nullptr || !member->believed ||
      member->believed == process.newest_believed)
    return;
  process.newest_believed = member->believed;
  // One that was spawned again in the same boot does not know what the one
  // before heard.
  if (std::exchange(process.believer, stepped) != stepped)
    process.believed.clear();
  auto hash = hash_of(member->believed->bytes);
  if (!process.meant_for_it.contains(hash))
    scene_.violate(host, "it believes a frame that nobody sent to it");
  else if (!process.believed.insert(hash).second)
    scene_.violate(host, "it believes a frame a second time");
  tell(on_believed, host, member->believed->bytes);
}

}  // namespace ppn::simulation
