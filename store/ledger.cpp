#include "store/ledger.hpp"

#include <cassert>
#include <deque>

#include "schema/schema_digest.hpp"
#include "store/byte_order.hpp"
#include "store/cosignature.hpp"
#include "store/key_rotation.hpp"
#include "store/ledger_view.hpp"
#include "store/opening.hpp"
#include "store/record_batch.hpp"

namespace ppn::store {

namespace {

constexpr std::uint64_t publish_interval_ns = 100'000'000;
constexpr std::size_t chunk_events_max = 64;
constexpr std::size_t chunk_events_min = 4;
/// Pages that a commit writes beside the records themselves, at most.
constexpr std::uint64_t commit_overhead_bytes = std::uint64_t{1} << 20U;
constexpr std::uint64_t commit_overhead_factor = 3;

/// Events that only the ledger itself may write.
bool is_reserved(schema::Event type) {
  return type == schema::Event::NodeInitialised ||
         type == schema::Event::NodeRejoined ||
         type == schema::Event::NodeKeyRotated;
}

Status check_event(const Event& event, std::uint64_t version) {
  if (!is_stream_name(event.stream))
    return Error{ErrorCode::bad_input,
                 "a stream's name is 1 to 128 of a-z 0-9 . _ - /"};
  if (event.payload.type == schema::Event::NONE)
    return Error{ErrorCode::bad_input, "the request has an empty event"};
  if (event.expected_version != version)
    return Error{ErrorCode::version_conflict,
                 "stream " + event.stream + " is at version " +
                     std::to_string(version) + ", not at " +
                     std::to_string(event.expected_version)};
  return {};
}

schema::IdentityT make_identity(const std::string& name, const PublicKey& key) {
  schema::IdentityT identity;
  identity.name = name;
  identity.key = std::make_unique<schema::PublicKey>(key.stored());
  auto digest = Hash::parse_hex(schema::schema_digest_hex);
  assert(digest);
  identity.schema_digest = std::make_unique<schema::Hash>(digest->stored());
  return identity;
}

schema::EventUnion founding_event(const Founding& founding,
                                  const PublicKey& key) {
  auto identity = std::make_unique<schema::IdentityT>(
      make_identity(founding.node_name, key));
  schema::EventUnion payload;
  if (founding.rejoin) {
    schema::NodeRejoinedT rejoined;
    rejoined.identity = std::move(identity);
    rejoined.replaces =
        std::make_unique<schema::NodeId>(founding.rejoin->replaces.stored());
    rejoined.last_checkpoint = founding.rejoin->last_checkpoint;
    payload.Set(std::move(rejoined));
  } else {
    schema::NodeInitialisedT initialised;
    initialised.identity = std::move(identity);
    payload.Set(std::move(initialised));
  }
  return payload;
}

/// Entries that will stand after the current position, if all goes well.
struct Batch {
  /// The ledger itself asks, and may write the events reserved to it.
  bool is_own = false;
  std::deque<RecordChunk> chunks;
  Hash link;
  std::uint64_t next_sequence = 0;
  std::uint64_t bytes = 0;
};

/// Where a batch stood before a request, to go back to if it is refused.
struct BatchMark {
  std::size_t chunk_bytes = 0;
  std::size_t chunk_records = 0;
  Hash link;
  std::uint64_t next_sequence = 0;
};

}  // namespace

class Ledger::Implementation {
 public:
  Implementation(const LedgerParts& parts, OpenedLedger opened, SigningKey key,
                 LedgerOptions options)
      : parts_(parts),
        opened_(std::move(opened)),
        key_(std::move(key)),
        options_(std::move(options)),
        signers_(options_.extra_signers) {}

  [[nodiscard]] Result<SecretBuffer> unseal(ByteView sealed) const {
    return store::unseal(sealed, key_);
  }

  [[nodiscard]] Signature sign(const SignatureDomain& domain,
                               ByteView body) const {
    return key_.sign(domain, body);
  }

  [[nodiscard]] SignedHead sign_head(const TreeHead& head) const {
    auto text = checkpoint_text(opened_.position.node, head);
    return {head, key_.sign(as_bytes(text))};
  }

  [[nodiscard]] const PublicKey& public_key() const {
    return key_.public_key();
  }

  [[nodiscard]] NoteSignature cosign(std::string_view note_text,
                                     std::uint64_t unix_seconds) const {
    return cosign_note(note_text, opened_.position.node, witness_key_of(key_),
                       unix_seconds);
  }

  [[nodiscard]] VerifierKey witness_key() const {
    return witness_verifier(opened_.position.node,
                            witness_key_of(key_).public_key());
  }

  std::vector<Result<Appended>> append(std::span<const AppendRequest> requests,
                                       const ClockReading& clock) {
    std::vector<Result<Appended>> answers;
    answers.reserve(requests.size());
    while (!requests.empty()) {
      auto committed = commit(requests, clock, nullptr);
      requests = requests.subspan(committed.size());
      std::move(committed.begin(), committed.end(),
                std::back_inserter(answers));
    }
    return answers;
  }

  /// Answers as many of the requests as fit one transaction, one at the least.
  /// `next_key` takes over after the batch; null if none does.
  std::vector<Result<Appended>> commit(std::span<const AppendRequest> requests,
                                       const ClockReading& clock,
                                       const SigningKey* next_key) {
    if (failure_) return refuse_all(requests.size(), *failure_);
    reach(CommitStage::taken);
    Batch batch = begin_batch();
    signers_.begin(key_);
    // Before the batch goes: a chunk of it may be in a signer's hands.
    struct EndOfBatch {
      SignerPool& signers;
      ~EndOfBatch() { signers.end(); }
    } end_of_batch{signers_};

    batch.is_own = next_key != nullptr || batch.next_sequence == 0;
    auto answers = chain(requests, clock, batch);
    reach(CommitStage::chained);
    if (batch.chunks.empty()) return answers;
    auto stored = store(batch, next_key != nullptr ? *next_key : key_);
    if (stored) return answers;
    signers_.end();
    for (auto chunk = batch.chunks.rbegin(); chunk != batch.chunks.rend();
         ++chunk)
      drop_records(*chunk, 0);
    return refuse_all(answers.size(), stored.error());
  }

  Result<Appended> rotate_key(const Principal& principal,
                              const ClockReading& clock) {
    if (failure_) return *failure_;
    // Durable before the ledger names it; a crash in between leaves a file that
    // the next opening retires.
    auto next = parts_.keys.create();
    if (!next) return next.error();
    const auto& position = opened_.position;
    auto statement = key_rotation_statement(position.node, position.head.size,
                                            position.link, next->public_key());
    schema::NodeKeyRotatedT rotated;
    rotated.new_key =
        std::make_unique<schema::PublicKey>(next->public_key().stored());
    rotated.new_key_signature = std::make_unique<schema::Signature>(
        next->sign(key_rotation_domain, statement).stored());
    AppendRequest request(1);
    request[0].stream = std::string{node_stream};
    request[0].expected_version = version_of(node_stream);
    request[0].principal = principal;
    request[0].payload.Set(std::move(rotated));
    auto answers = commit({&request, 1}, clock, &*next);
    if (!answers[0]) return answers[0];
    opened_.position.keys.push_back(
        {opened_.position.head.size, next->public_key()});
    key_ = std::move(*next);
    // The rotation is done; a file that stays is retired at the next opening.
    (void)parts_.keys.retire_all_but(key_.public_key());
    return answers[0];
  }

  Status write_snapshot(ByteView state) {
    if (failure_) return *failure_;
    Snapshot snapshot{opened_.position, {state.begin(), state.end()}};
    auto stored = encode_snapshot(snapshot, key_);
    auto key = big_endian(snapshot.position.head.size);
    if (auto room = parts_.backend.check_room(
            stored.size() * commit_overhead_factor + commit_overhead_bytes);
        !room)
      return room;
    for (;;) {
      auto written = put_snapshot(key, stored);
      if (written) return {};
      if (written.error().code != ErrorCode::map_full)
        return fail(written.error());
      if (auto grown = parts_.backend.grow(); !grown) return grown;
    }
  }

  Status publish(std::optional<std::uint64_t> since_boot_ns) {
    bool due = !since_boot_ns ||
               *since_boot_ns >= published_at_ns_ + publish_interval_ns;
    if (!unpublished() || !due) return {};
    if (auto written = parts_.outside.write(opened_.checkpoint); !written)
      return written;
    published_size_ = opened_.position.head.size;
    if (since_boot_ns) published_at_ns_ = *since_boot_ns;
    reach(CommitStage::outside_checkpoint_written);
    return {};
  }

  [[nodiscard]] bool unpublished() const {
    return published_size_ != opened_.position.head.size;
  }

  void prepare_orderly_stop() { parts_.backend.release_reserve(); }

  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  [[nodiscard]] const OpenedLedger& opened() const { return opened_; }

  [[nodiscard]] std::uint64_t version_of(std::string_view stream) const {
    auto found = opened_.position.streams.find(stream);
    return found == opened_.position.streams.end() ? 0 : found->second;
  }

 private:
  void reach(CommitStage stage) const {
    if (options_.on_stage) options_.on_stage(stage);
  }

  static std::vector<Result<Appended>> refuse_all(std::size_t count,
                                                  const Error& error) {
    return std::vector<Result<Appended>>(count, error);
  }

  /// The first error sticks: what is on the disk now is only known after the
  /// ledger was opened and checked again.
  Error fail(const Error& error) {
    failure_ = Error{ErrorCode::read_only,
                     "the ledger takes no more appends until it is opened "
                     "again, because one failed: " +
                         error.message};
    return {ErrorCode::io, error.message +
                               "; whether this append is in the ledger is "
                               "unknown until it is opened again"};
  }

  [[nodiscard]] Batch begin_batch() const {
    Batch batch;
    batch.link = opened_.position.link;
    batch.next_sequence = opened_.position.head.size;
    return batch;
  }

  // -- chaining ---------------------------------------------------------------

  std::vector<Result<Appended>> chain(std::span<const AppendRequest> requests,
                                      const ClockReading& clock, Batch& batch) {
    std::size_t events = 0;
    for (const auto& request : requests) events += request.size();
    auto chunk_events =
        std::clamp(events / (std::size_t{4} * signers_.signers()),
                   chunk_events_min, chunk_events_max);

    std::vector<Result<Appended>> answers;
    answers.reserve(requests.size());
    bool open = false;
    for (const auto& request : requests) {
      if (!answers.empty() && is_full(batch)) break;
      if (!open) batch.chunks.emplace_back();
      open = true;
      answers.push_back(chain_request(request, clock, batch));
      if (batch.chunks.back().records.size() < chunk_events) continue;
      signers_.submit(batch.chunks.back());
      open = false;
    }
    if (!open) return answers;
    if (batch.chunks.back().records.empty())
      batch.chunks.pop_back();
    else
      signers_.submit(batch.chunks.back());
    return answers;
  }

  [[nodiscard]] bool is_full(const Batch& batch) const {
    auto events = batch.next_sequence - opened_.position.head.size;
    return events >= options_.commit_events_max ||
           batch.bytes >= options_.commit_bytes_max;
  }

  Result<Appended> chain_request(const AppendRequest& request,
                                 const ClockReading& clock, Batch& batch) {
    if (request.empty())
      return Error{ErrorCode::bad_input, "the request has no events"};
    auto& chunk = batch.chunks.back();
    BatchMark mark{chunk.bytes.size(), chunk.records.size(), batch.link,
                   batch.next_sequence};
    for (const auto& event : request)
      if (auto chained = chain_event(event, clock, batch); !chained) {
        go_back(batch, mark);
        return chained.error();
      }
    batch.bytes += chunk.bytes.size() - mark.chunk_bytes;
    return Appended{mark.next_sequence, request.size()};
  }

  /// Streams advance with the chaining, so that events of one batch can build
  /// on each other; what is not stored goes back by drop_records().
  Status chain_event(const Event& event, const ClockReading& clock,
                     Batch& batch) {
    auto& streams = opened_.position.streams;
    auto stream = streams.find(event.stream);
    auto version = stream == streams.end() ? 0 : stream->second;
    if (auto checked = check_event(event, version); !checked) return checked;
    if (is_reserved(event.payload.type) && !batch.is_own)
      return Error{ErrorCode::bad_input,
                   "this event is the ledger's own to write"};
    auto entry = build_entry(
        builder_, event,
        {batch.next_sequence, batch.link, opened_.position.node, version + 1},
        clock);
    if (entry.size() > max_entry_size)
      return Error{ErrorCode::oversized, "the event makes an entry of " +
                                             std::to_string(entry.size()) +
                                             " bytes, the largest " + "is " +
                                             std::to_string(max_entry_size)};
    if (auto checked = check_entry(entry); !checked) return checked.error();

    if (stream == streams.end())
      stream = streams.emplace(event.stream, 0).first;
    stream->second = version + 1;
    PendingRecord pending;
    pending.stream = stream->first;
    pending.stream_version = version + 1;
    pending.hash = begin_leaf().update(entry);
    batch.link = pending.hash.finish();
    batch.next_sequence += 1;
    batch.chunks.back().add(entry, pending);
    return {};
  }

  void go_back(Batch& batch, const BatchMark& mark) {
    auto& chunk = batch.chunks.back();
    drop_records(chunk, mark.chunk_records);
    chunk.bytes.resize(mark.chunk_bytes);
    batch.link = mark.link;
    batch.next_sequence = mark.next_sequence;
  }

  /// Drops all but the first `keep` records of the last chunk.
  void drop_records(RecordChunk& chunk, std::size_t keep) {
    auto& streams = opened_.position.streams;
    while (chunk.records.size() > keep) {
      auto stream = streams.find(chunk.records.back().stream);
      chunk.records.pop_back();
      if (--stream->second == 0) streams.erase(stream);
    }
  }

  // -- storing ----------------------------------------------------------------

  Status store(const Batch& batch, const SigningKey& checkpoint_key) {
    if (auto room = parts_.backend.check_room(
            batch.bytes * commit_overhead_factor + commit_overhead_bytes);
        !room)
      return room;
    for (;;) {
      Frontier frontier = opened_.frontier;
      std::string checkpoint;
      auto committed =
          put_and_commit(batch, checkpoint_key, frontier, checkpoint);
      if (committed) {
        adopt(batch, std::move(frontier), std::move(checkpoint));
        reach(CommitStage::committed);
        return {};
      }
      if (committed.error().code != ErrorCode::map_full)
        return fail(committed.error());
      if (auto grown = parts_.backend.grow(); !grown) return grown;
    }
  }

  Status put_and_commit(const Batch& batch, const SigningKey& checkpoint_key,
                        Frontier& frontier, std::string& checkpoint) {
    auto transaction = parts_.backend.write();
    if (!transaction) return transaction.error();
    auto& tables = **transaction;
    if (frontier.size() == 0) {
      auto put = tables.insert(Table::meta, as_bytes(meta_format),
                               as_bytes(ledger_format));
      if (!put) return put;
    }
    if (auto put = put_records(batch, tables, frontier); !put) return put;
    reach(CommitStage::signed_and_put);
    auto note = sign_checkpoint(opened_.position.node,
                                {frontier.size(), frontier.root()},
                                checkpoint_key);
    if (!note) return note.error();
    checkpoint = std::move(*note);
    auto put = tables.replace(Table::meta, as_bytes(meta_checkpoint),
                              as_bytes(checkpoint));
    if (!put) return put;
    reach(CommitStage::checkpoint_put);
    return tables.commit();
  }

  Status put_records(const Batch& batch, WriteTransaction& tables,
                     Frontier& frontier) {
    Bytes nodes;
    for (std::size_t i = 0; i < batch.chunks.size(); ++i) {
      signers_.wait(i);
      const auto& chunk = batch.chunks[i];
      for (const auto& pending : chunk.records) {
        auto sequence = frontier.size();
        auto key = big_endian(sequence);
        auto put = tables.append(Table::entries, key, chunk.record(pending));
        if (!put) return put;
        nodes.clear();
        frontier.append(pending.leaf, [&](const Hash& node) {
          nodes.insert(nodes.end(), node.bytes.begin(), node.bytes.end());
        });
        put = tables.append(Table::tree, key, nodes);
        if (!put) return put;
        put = tables.insert(
            Table::streams,
            stream_key(sequence, pending.stream, pending.stream_version), key);
        if (!put) return put;
      }
    }
    return {};
  }

  void adopt(const Batch& batch, Frontier frontier, std::string checkpoint) {
    auto& position = opened_.position;
    position.head = {frontier.size(), frontier.root()};
    position.link = batch.link;
    opened_.frontier = std::move(frontier);
    opened_.checkpoint = std::move(checkpoint);
  }

  Status put_snapshot(ByteView key, ByteView stored) {
    auto transaction = parts_.backend.write();
    if (!transaction) return transaction.error();
    auto put = (*transaction)->replace(Table::snapshots, key, stored);
    if (!put) return put;
    return (*transaction)->commit();
  }

  LedgerParts parts_;
  OpenedLedger opened_;
  SigningKey key_;
  LedgerOptions options_;
  SignerPool signers_;
  flatbuffers::FlatBufferBuilder builder_;
  std::optional<Error> failure_;
  std::uint64_t published_size_ = 0;
  std::uint64_t published_at_ns_ = 0;
};

namespace {

/// A directory that once held a ledger must not quietly become another node's.
Status check_never_used(const LedgerParts& parts) {
  auto transaction = parts.backend.read();
  if (!transaction) return transaction.error();
  auto size = LedgerView{**transaction}.size();
  if (!size) return size.error();
  if (*size != 0)
    return Error{ErrorCode::bad_input,
                 "the ledger is not empty; a node is founded in an empty "
                 "directory"};
  auto note = parts.outside.read();
  if (!note && note.error().code == ErrorCode::not_found) return {};
  if (!note) return note.error();
  auto outside = parse_checkpoint(*note);
  if (outside && outside->head.size == 0) return {};
  return Error{ErrorCode::rolled_back,
               "the ledger is empty, but the checkpoint kept outside says "
               "that it once was not; a node is founded in an empty directory"};
}

/// A ledger that can be opened.
struct Openable {
  OpenedLedger opened;
  SigningKey key;
  /// What is wrong with the checkpoint outside, and was accepted.
  std::optional<schema::OutsideCheckpointProblem> problem;
};

/// Checks all that opening checks, and changes nothing.
Result<Openable> look(const LedgerParts& parts, Replay& replay,
                      bool accepts_outside_checkpoint) {
  auto transaction = parts.backend.read();
  if (!transaction) return transaction.error();
  auto opened = check_and_replay(**transaction, replay);
  if (!opened) return opened.error();
  std::optional<schema::OutsideCheckpointProblem> problem;
  auto note = parts.outside.read();
  auto compared = note ? compare_with_outside(*note, *opened, **transaction)
                       : Status{note.error()};
  if (!note && note.error().code == ErrorCode::not_found) {
    problem = schema::OutsideCheckpointProblem::missing;
  } else if (!compared &&
             compared.error().code == ErrorCode::no_outside_checkpoint) {
    problem = schema::OutsideCheckpointProblem::invalid;
  } else if (!compared) {
    return compared.error();
  }
  if (problem && !accepts_outside_checkpoint)
    return Error{
        ErrorCode::no_outside_checkpoint,
        (note ? compared.error().message
              : std::string{"the checkpoint kept outside the database is "
                            "missing"}) +
            "; it would show whether the ledger was rolled back. If you "
            "know that it was not, open with "
            "--accept-outside-checkpoint, which is recorded"};
  auto key = parts.keys.load(opened->position.keys.back().key);
  if (!key) return key.error();
  return Openable{std::move(*opened), std::move(*key), problem};
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::found(const LedgerParts& parts,
                                              const Founding& founding,
                                              const ClockReading& clock,
                                              LedgerOptions options) {
  if (auto unused = check_never_used(parts); !unused) return unused.error();
  auto key = parts.keys.create();
  if (!key) return key.error();
  auto first_key = key->public_key();
  OpenedLedger empty;
  empty.position.node = node_id_of(first_key);
  empty.position.head.root = Frontier{}.root();
  empty.position.keys = {{0, first_key}};
  // From the first entry on there is a checkpoint outside, be it of nothing.
  auto note = sign_checkpoint(empty.position.node, empty.position.head, *key);
  if (!note) return note.error();
  if (auto written = parts.outside.write(*note); !written)
    return written.error();

  AppendRequest request(1);
  request[0].stream = std::string{node_stream};
  request[0].principal = {schema::PrincipalKind::node,
                          empty.position.node.hex()};
  request[0].payload = founding_event(founding, first_key);
  auto implementation = std::make_unique<Implementation>(
      parts, std::move(empty), std::move(*key), std::move(options));
  auto answers = implementation->commit({&request, 1}, clock, nullptr);
  if (!answers[0]) return answers[0].error();
  if (auto retired = parts.keys.retire_all_but(first_key); !retired)
    return retired.error();
  if (auto published = implementation->publish({}); !published)
    return published.error();
  return std::unique_ptr<Ledger>{new Ledger{std::move(implementation)}};
}

Status Ledger::check(const LedgerParts& parts, Replay& replay) {
  auto openable = look(parts, replay, false);
  if (!openable) return openable.error();
  return {};
}

Result<std::unique_ptr<Ledger>> Ledger::open(const LedgerParts& parts,
                                             Replay& replay,
                                             const ClockReading& clock,
                                             LedgerOptions options) {
  auto accepted_by = options.accept_outside_checkpoint;
  auto openable = look(parts, replay, accepted_by.has_value());
  if (!openable) return openable.error();
  auto& [opened, key, problem] = *openable;
  if (auto retired = parts.keys.retire_all_but(key.public_key()); !retired)
    return retired.error();
  auto head = opened.position.head;
  std::unique_ptr<Ledger> ledger{new Ledger{std::make_unique<Implementation>(
      parts, std::move(opened), std::move(key), std::move(options))}};
  auto publish = [&]() -> Result<std::unique_ptr<Ledger>> {
    if (auto published = ledger->publish(); !published)
      return published.error();
    return std::move(ledger);
  };
  if (!problem) return publish();

  // Recorded before a good checkpoint stands outside again.
  schema::OutsideCheckpointAcceptedT accepted;
  accepted.problem = *problem;
  accepted.size = head.size;
  accepted.root = std::make_unique<schema::Hash>(head.root.stored());
  AppendRequest request(1);
  request[0].stream = std::string{node_stream};
  request[0].expected_version = ledger->stream_version(node_stream);
  request[0].principal = *accepted_by;
  request[0].payload.Set(std::move(accepted));
  auto appended = ledger->append(request, clock);
  if (!appended) return appended.error();
  return publish();
}

Ledger::Ledger(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

Ledger::~Ledger() = default;

std::vector<Result<Appended>> Ledger::append(
    std::span<const AppendRequest> requests, const ClockReading& clock) {
  return implementation_->append(requests, clock);
}

Result<Appended> Ledger::append(const AppendRequest& request,
                                const ClockReading& clock) {
  return implementation_->append({&request, 1}, clock).front();
}

Result<Appended> Ledger::rotate_key(const Principal& principal,
                                    const ClockReading& clock) {
  return implementation_->rotate_key(principal, clock);
}

Status Ledger::write_snapshot(ByteView state) {
  return implementation_->write_snapshot(state);
}

Status Ledger::publish(std::optional<std::uint64_t> since_boot_ns) {
  return implementation_->publish(since_boot_ns);
}

bool Ledger::unpublished() const { return implementation_->unpublished(); }

void Ledger::prepare_orderly_stop() { implementation_->prepare_orderly_stop(); }

const std::optional<Error>& Ledger::failure() const {
  return implementation_->failure();
}

const LedgerPosition& Ledger::position() const {
  return implementation_->opened().position;
}

const std::string& Ledger::checkpoint() const {
  return implementation_->opened().checkpoint;
}

Result<SecretBuffer> Ledger::unseal(ByteView sealed) const {
  return implementation_->unseal(sealed);
}

SignedHead Ledger::sign_head(const TreeHead& head) const {
  return implementation_->sign_head(head);
}

const PublicKey& Ledger::public_key() const {
  return implementation_->public_key();
}

NoteSignature Ledger::cosign(std::string_view note_text,
                             std::uint64_t unix_seconds) const {
  return implementation_->cosign(note_text, unix_seconds);
}

VerifierKey Ledger::witness_key() const {
  return implementation_->witness_key();
}

Signature Ledger::sign(const SignatureDomain& domain, ByteView body) const {
  return implementation_->sign(domain, body);
}

std::uint64_t Ledger::stream_version(std::string_view stream) const {
  return implementation_->version_of(stream);
}

}  // namespace ppn::store
