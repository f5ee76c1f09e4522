#include "actors/frame.hpp"

#include <algorithm>
#include <cassert>

#include "events/stored_address.hpp"
#include "schema/plain_text.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;

constexpr flatbuffers::uoffset_t max_table_depth = 8;
constexpr flatbuffers::uoffset_t max_tables = 64;

constexpr std::size_t answered_entry_max =
    events::roster_entry_max - Signature::size;
/// A request differs from an answer in that it has this instead of an entry
/// and its signature.
constexpr std::size_t request_padding = events::roster_entry_max;
/// The same of the heads of ledgers, and of how one grew: what a request says
/// itself is as much as an answer beside its proof.
constexpr std::size_t heads_padding = heads_max * 152;
constexpr std::size_t growth_padding = (growth_hashes_max - 2) * Hash::size;

using StoredEndpoints =
    flatbuffers::Vector<flatbuffers::Offset<schema::Endpoint>>;

std::vector<events::Endpoint> read_endpoints(const StoredEndpoints* stored) {
  std::vector<events::Endpoint> read;
  for (flatbuffers::uoffset_t i = 0; stored != nullptr && i < stored->size();
       ++i)
    if (auto endpoint = events::read_endpoint(*stored->Get(i)))
      read.push_back(*endpoint);
  return read;
}

flatbuffers::Offset<schema::HostReport> build(
    flatbuffers::FlatBufferBuilder& builder,
    const std::optional<events::HostReport>& report) {
  if (!report) return {};
  flatbuffers::Offset<flatbuffers::String> accelerator;
  if (!report->accelerator.empty())
    accelerator = builder.CreateString(report->accelerator);
  flatbuffers::Offset<flatbuffers::Vector<events::ImageMark>> images;
  if (!report->images.empty()) images = builder.CreateVector(report->images);
  return schema::CreateHostReport(
      builder, report->memory_mb, report->available_mb, report->guaranteed_mb,
      report->reclaimable_mb, report->disk_left_mb, report->vcpus_left,
      report->cores, report->load_permille, report->guests, report->guests_left,
      accelerator, images);
}

flatbuffers::Offset<schema::GuestPage> build(
    flatbuffers::FlatBufferBuilder& builder,
    const std::optional<events::GuestPage>& page) {
  if (!page) return {};
  std::vector<flatbuffers::Offset<schema::GuestSummary>> guests;
  for (const auto& [vm, guest] : page->guests) {
    auto name = builder.CreateString(guest.name);
    auto id = vm.stored();
    guests.push_back(schema::CreateGuestSummary(builder, &id, name,
                                                guest.outcome, !guest.responds,
                                                guest.memory_mb, guest.vcpus));
  }
  auto list = builder.CreateVector(guests);
  auto first = page->first.stored();
  auto last = page->last.stored();
  return schema::CreateGuestPage(builder, &first, &last, list);
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const Heartbeat& body) {
  flatbuffers::Offset<flatbuffers::String> checkpoint;
  if (!body.checkpoint.empty())
    checkpoint = builder.CreateString(body.checkpoint);
  auto hash = body.roster_hash.value_or(Hash{}).stored();
  flatbuffers::Offset<schema::Endpoint> seen_at;
  if (body.seen_at) seen_at = events::build_endpoint(builder, *body.seen_at);
  flatbuffers::Offset<schema::KeyNews> key_news;
  if (body.key_news) {
    auto key = body.key_news->key.stored();
    key_news = schema::CreateKeyNews(builder, &key, body.key_news->is_in_use);
  }
  auto preshared = body.preshared.value_or(Hash{}).stored();
  auto host = build(builder, body.host.report);
  auto guests = build(builder, body.host.guests);
  return schema::CreateHeartbeat(builder, body.roster_version,
                                 body.roster_hash ? &hash : nullptr, checkpoint,
                                 body.roster_epoch, seen_at, key_news,
                                 body.preshared ? &preshared : nullptr, host,
                                 guests, body.host.digest.value_or(0))
      .Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const RosterRequest& body) {
  auto padding = builder.CreateVector(Bytes(request_padding));
  return schema::CreateRosterRequest(builder, body.version, padding, body.epoch)
      .Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const RosterAnswer& body) {
  auto entry = builder.CreateVector(body.entry);
  auto signature = body.signature.stored();
  return schema::CreateRosterAnswer(builder, entry, &signature).Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const events::PathWord& body) {
  auto relay = body.path.relay.value_or(NodeId{}).stored();
  return schema::CreatePathWord(builder, body.number, body.is_answer,
                                body.path.relay ? &relay : nullptr)
      .Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const Passed& body) {
  return schema::CreatePassed(builder, builder.CreateVector(body.datagram))
      .Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const events::Whereabouts& body) {
  auto local = events::build_endpoints(builder, body.local);
  auto observed = events::build_endpoints(builder, body.observed);
  return schema::CreateWhereabouts(builder, body.is_answer, local, observed)
      .Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const events::KeySwitch& body) {
  auto key = body.key.stored();
  return schema::CreateKeySwitch(builder, &key, body.in_ms).Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const HostRequest& /*body*/) {
  return schema::CreateHostRequest(builder).Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const Dispatch& body) {
  auto request = body.request.stored();
  auto document = body.document.stored();
  auto sealed = body.sealed.value_or(Hash{}).stored();
  return schema::CreateDispatch(builder, &request, &document, body.size,
                                body.sealed ? &sealed : nullptr)
      .Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const DispatchAnswer& body) {
  auto request = body.request.stored();
  flatbuffers::Offset<flatbuffers::String> reason;
  if (!body.reason.empty())
    reason = builder.CreateString(
        std::string_view{body.reason}.substr(0, dispatch_reason_max));
  return schema::CreateDispatchAnswer(builder, &request, body.stage, reason,
                                      body.sequence, body.fetched,
                                      body.to_fetch)
      .Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const FleetQuestion& /*body*/) {
  return schema::CreateFleetQuestion(builder).Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const Inheritance& body) {
  auto document = body.document.stored();
  return schema::CreateInheritance(builder, &document, body.size).Union();
}

flatbuffers::Offset<schema::LedgerHead> build(
    flatbuffers::FlatBufferBuilder& builder, const NodeId& node,
    const store::SignedHead& told) {
  auto id = node.stored();
  auto root = told.head.root.stored();
  auto signature = told.signature.stored();
  return schema::CreateLedgerHead(builder, &id, told.head.size, &root,
                                  &signature);
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const HeadsRequest& body) {
  auto padding = builder.CreateVector(Bytes(heads_padding));
  auto after = body.after.stored();
  return schema::CreateHeadsRequest(builder, &after, padding).Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const Heads& body) {
  std::vector<flatbuffers::Offset<schema::LedgerHead>> heads;
  for (const auto& told : body.heads)
    heads.push_back(build(builder, told.node, told.head));
  auto list = builder.CreateVector(heads);
  return schema::CreateHeads(builder, list, body.is_last).Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const GrowthRequest& body) {
  auto padding = builder.CreateVector(Bytes(growth_padding));
  auto from = build(builder, body.node, body.from);
  return schema::CreateGrowthRequest(builder, from, body.to, padding).Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const Growth& body) {
  std::vector<schema::Hash> hashes;
  for (const auto& hash : body.proof) hashes.push_back(hash.stored());
  flatbuffers::Offset<flatbuffers::Vector<const schema::Hash*>> proof;
  if (!hashes.empty()) proof = builder.CreateVectorOfStructs(hashes);
  auto node = body.node.stored();
  auto root = body.root.stored();
  auto signature = body.signature.value_or(Signature{}).stored();
  return schema::CreateGrowth(builder, &node, body.from, body.to, &root, proof,
                              body.signature ? &signature : nullptr)
      .Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const Cosignature& body) {
  auto root = body.head.root.stored();
  auto key = body.key.stored();
  auto signature = body.signature.stored();
  return schema::CreateCosignature(builder, body.head.size, &root, body.seconds,
                                   &key, &signature)
      .Union();
}

flatbuffers::Offset<void> build_body(flatbuffers::FlatBufferBuilder& builder,
                                     const ForkTold& body) {
  auto first = build(builder, body.node, body.first);
  auto second = build(builder, body.node, body.second);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> frame;
  if (!body.frame.empty()) frame = builder.CreateVector(body.frame);
  return schema::CreateForkTold(builder, first, second, frame).Union();
}

schema::FrameBody kind_of(const FrameBody& body) {
  constexpr std::array kinds{
      schema::FrameBody::Heartbeat,     schema::FrameBody::RosterRequest,
      schema::FrameBody::RosterAnswer,  schema::FrameBody::PathWord,
      schema::FrameBody::Passed,        schema::FrameBody::Whereabouts,
      schema::FrameBody::KeySwitch,     schema::FrameBody::HostRequest,
      schema::FrameBody::Dispatch,      schema::FrameBody::DispatchAnswer,
      schema::FrameBody::FleetQuestion, schema::FrameBody::Inheritance,
      schema::FrameBody::HeadsRequest,  schema::FrameBody::Heads,
      schema::FrameBody::GrowthRequest, schema::FrameBody::Growth,
      schema::FrameBody::Cosignature,   schema::FrameBody::ForkTold};
  static_assert(kinds.size() == std::variant_size_v<FrameBody>);
  return kinds[body.index()];
}

schema::FrameHead stored_head(const FrameHead& head) {
  auto heard = head.heard.value_or(LastHeard{});
  return {head.sender.stored(), head.recipient.stored(), head.boot,
          head.counter,         head.nonce.stored(),     heard.nonce.stored(),
          heard.counter};
}

Error damaged(std::string why) { return {ErrorCode::damaged, std::move(why)}; }

bool is_padded(const flatbuffers::Vector<std::uint8_t>* padding,
               std::size_t size) {
  return padding != nullptr && padding->size() >= size;
}

template <class List>
bool is_longer(const List* list, std::size_t size) {
  return list != nullptr && list->size() > size;
}

store::Status check_witness_body(const schema::Frame& frame) {
  const auto* heads = frame.body_as_HeadsRequest();
  const auto* growth = frame.body_as_GrowthRequest();
  bool is_short =
      (heads != nullptr && !is_padded(heads->padding(), heads_padding)) ||
      (growth != nullptr && !is_padded(growth->padding(), growth_padding));
  if (is_short)
    return damaged("the question is smaller than its answer may be");
  if (const auto* told = frame.body_as_Heads())
    if (is_longer(told->heads(), heads_max))
      return damaged("the answer has too many heads of ledgers");
  if (const auto* grown = frame.body_as_Growth())
    if (is_longer(grown->proof(), growth_hashes_max))
      return damaged("the proof is too long");
  if (const auto* fork = frame.body_as_ForkTold())
    if (is_longer(fork->frame(), told_frame_max) ||
        NodeId{*fork->first()->node()} != NodeId{*fork->second()->node()})
      return damaged("what it tells of a fork can not be");
  return {};
}

store::Status check_body(const schema::Frame& frame) {
  if (frame.body_type() > schema::FrameBody::MAX)
    return Error{ErrorCode::too_new,
                 "the frame is of kind " +
                     std::to_string(static_cast<int>(frame.body_type())) +
                     ", which this program does not know"};
  if (frame.body_type() == schema::FrameBody::NONE || frame.body() == nullptr)
    return damaged("the frame says nothing");
  if (const auto* request = frame.body_as_RosterRequest())
    if (!is_padded(request->padding(), request_padding))
      return damaged("the question is smaller than its answer may be");
  if (const auto* answer = frame.body_as_RosterAnswer())
    if (answer->entry()->size() > answered_entry_max)
      return damaged("the answer holds an entry that is too large");
  if (const auto* passed = frame.body_as_Passed())
    if (passed->datagram()->size() > passed_max)
      return damaged("what is to be passed on is too large");
  if (const auto* where = frame.body_as_Whereabouts())
    for (const auto* told : {where->local(), where->observed()})
      if (told != nullptr && told->size() > events::candidates_max)
        return damaged("the sender says of too many places that it is there");
  if (const auto* dispatch = frame.body_as_Dispatch())
    if (dispatch->size() == 0 || dispatch->size() > document_max)
      return damaged("the dispatch has a document of no possible size");
  if (const auto* inheritance = frame.body_as_Inheritance())
    if (inheritance->size() == 0 || inheritance->size() > document_max)
      return damaged("what the fleet came to has no possible size");
  return check_witness_body(frame);
}

ToldHead read_told_head(const schema::LedgerHead& stored) {
  return {
      NodeId{*stored.node()},
      {{stored.size(), Hash{*stored.root()}}, Signature{*stored.signature()}}};
}

Heads read_heads(const schema::Heads& stored) {
  Heads read{{}, stored.is_last()};
  for (const auto* head : *stored.heads())
    read.heads.push_back(read_told_head(*head));
  return read;
}

Growth read_growth(const schema::Growth& stored) {
  Growth read{NodeId{*stored.node()}, stored.from(), stored.to(),
              Hash{*stored.root()}};
  if (stored.proof() != nullptr)
    for (const auto* hash : *stored.proof()) read.proof.emplace_back(*hash);
  if (stored.signature() != nullptr)
    read.signature = Signature{*stored.signature()};
  return read;
}

ForkTold read_fork(const schema::ForkTold& stored) {
  auto first = read_told_head(*stored.first());
  ForkTold read{
      first.node, first.head, read_told_head(*stored.second()).head, {}};
  if (stored.frame() != nullptr)
    read.frame.assign(stored.frame()->begin(), stored.frame()->end());
  return read;
}

/// Empty if it is none.
std::string read_name(const flatbuffers::String* stored) {
  bool is_name = stored != nullptr &&
                 events::is_member_name(stored->string_view());
  return is_name ? stored->str() : std::string{};
}

std::vector<events::ImageMark> read_marks(
    const flatbuffers::Vector<events::ImageMark>* stored) {
  std::vector<events::ImageMark> marks;
  if (stored != nullptr) marks.assign(stored->begin(), stored->end());
  std::sort(marks.begin(), marks.end());
  return marks;
}

/// What no guest of ours has says that its sender is none of ours.
std::optional<events::GuestPage> read_page(const schema::GuestPage& stored) {
  events::GuestPage page{Id{*stored.first()}, Id{*stored.last()}, {}};
  if (stored.guests() == nullptr) return page;
  for (const auto* guest : *stored.guests()) {
    auto name = guest->name()->string_view();
    bool is_known = guest->outcome() > schema::VmOutcome::unknown &&
                    guest->outcome() <= schema::VmOutcome::MAX;
    if (!is_known || !events::is_member_name(name)) return std::nullopt;
    page.guests.emplace(
        Id{*guest->vm()},
        events::GuestSummary{std::string{name}, guest->outcome(),
                             !guest->unresponsive(), guest->memory_mb(),
                             guest->vcpus()});
  }
  return page;
}

}  // namespace

events::Whereabouts read_whereabouts(const schema::Whereabouts& whereabouts) {
  return {whereabouts.is_answer(), read_endpoints(whereabouts.local()),
          read_endpoints(whereabouts.observed())};
}

events::HostTold read_host(const schema::Heartbeat& beat) {
  events::HostTold told;
  if (beat.host_digest() != 0) told.digest = beat.host_digest();
  if (const auto* host = beat.host())
    told.report = events::HostReport{host->memory_mb(),
                                     host->available_mb(),
                                     host->guaranteed_mb(),
                                     host->reclaimable_mb(),
                                     host->disk_left_mb(),
                                     host->vcpus_left(),
                                     host->cores(),
                                     host->load_permille(),
                                     host->guests(),
                                     host->guests_left(),
                                     read_name(host->accelerator()),
                                     read_marks(host->images())};
  if (const auto* page = beat.guests()) told.guests = read_page(*page);
  return told;
}

events::PathWord read_word(const schema::PathWord& word) {
  events::PathWord read{word.number(), word.is_answer(), {}};
  if (word.relay() != nullptr) read.path.relay = NodeId{*word.relay()};
  return read;
}

Dispatch read_dispatch(const schema::Dispatch& stored) {
  Dispatch dispatch{Id{*stored.request()}, Hash{*stored.document()},
                    stored.size()};
  if (stored.sealed() != nullptr) dispatch.sealed = Hash{*stored.sealed()};
  return dispatch;
}

Inheritance read_inheritance(const schema::Inheritance& stored) {
  return {Hash{*stored.document()}, stored.size()};
}

std::optional<DispatchAnswer> read_dispatch_answer(
    const schema::DispatchAnswer& stored) {
  bool is_known = stored.stage() > schema::DispatchStage::unknown &&
                  stored.stage() <= schema::DispatchStage::MAX;
  if (!is_known) return std::nullopt;
  DispatchAnswer answer{Id{*stored.request()}, stored.stage()};
  if (stored.reason() != nullptr)
    answer.reason = schema::printable(stored.reason()->string_view());
  answer.sequence = stored.sequence();
  answer.fetched = stored.fetched();
  answer.to_fetch = stored.to_fetch();
  return answer;
}

std::optional<WitnessLetter> read_witness_letter(const schema::Frame& frame) {
  if (const auto* request = frame.body_as_HeadsRequest())
    return HeadsRequest{NodeId{*request->after()}};
  if (const auto* heads = frame.body_as_Heads()) return read_heads(*heads);
  if (const auto* asked = frame.body_as_GrowthRequest()) {
    auto from = read_told_head(*asked->from());
    return GrowthRequest{from.node, from.head, asked->to()};
  }
  if (const auto* growth = frame.body_as_Growth()) return read_growth(*growth);
  if (const auto* vouched = frame.body_as_Cosignature())
    return Cosignature{{vouched->size(), Hash{*vouched->root()}},
                       vouched->time(),
                       PublicKey{*vouched->key()},
                       Signature{*vouched->signature()}};
  if (const auto* fork = frame.body_as_ForkTold()) return read_fork(*fork);
  return std::nullopt;
}

FrameHead read_head(const schema::FrameHead& stored) {
  FrameHead head{NodeId{stored.sender()}, NodeId{stored.recipient()},
                 stored.boot(),           stored.counter(),
                 Id{stored.nonce()},      {}};
  if (Id nonce{stored.recipient_nonce()}; nonce != Id{})
    head.heard = {nonce, stored.recipient_counter()};
  return head;
}

Bytes build_frame(const FrameHead& head, const FrameBody& body) {
  flatbuffers::FlatBufferBuilder builder{datagram_max};
  auto content = std::visit(
      [&](const auto& kind) { return build_body(builder, kind); }, body);
  auto stored = stored_head(head);
  auto frame = schema::CreateFrame(builder, &stored, kind_of(body), content);
  schema::FinishFrameBuffer(builder, frame);
  assert(builder.GetSize() <= frame_max);
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

Bytes signed_part(const Id& mesh, ByteView frame) {
  Bytes bytes{mesh.bytes.begin(), mesh.bytes.end()};
  bytes.insert(bytes.end(), frame.begin(), frame.end());
  return bytes;
}

Bytes seal(Bytes frame, const Signature& signature) {
  frame.insert(frame.end(), signature.bytes.begin(), signature.bytes.end());
  return frame;
}

store::Result<OpenedFrame> open_frame(ByteView datagram,
                                      store::AlignedBytes& aligned) {
  if (datagram.size() <= Signature::size || datagram.size() > datagram_max)
    return Error{ErrorCode::bad_input, "a datagram of " +
                                           std::to_string(datagram.size()) +
                                           " bytes can not be a frame"};
  auto bytes =
      aligned.assign(datagram.first(datagram.size() - Signature::size));
  flatbuffers::Verifier verifier{bytes.data(), bytes.size(), max_table_depth,
                                 max_tables};
  if (!schema::VerifyFrameBuffer(verifier))
    return damaged("the frame is not a well-formed FlatBuffer");
  const auto* frame = schema::GetFrame(bytes.data());
  if (auto checked = check_body(*frame); !checked) return checked.error();
  return OpenedFrame{bytes, frame, read_head(*frame->head()),
                     Signature{datagram.last<Signature::size>()}};
}

}  // namespace ppn::actors
