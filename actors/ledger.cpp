#include "actors/ledger.hpp"

#include <algorithm>
#include <utility>

#include "actors/rare_path.hpp"
#include "actors/vouching.hpp"
#include "events/state_codec.hpp"
#include "store/ledger_view.hpp"
#include "store/record.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using store::Result;

/// Of entries that somebody reads at a time.
constexpr std::size_t page_bytes_max = std::size_t{1} << 20U;
constexpr auto publish_again_after = std::chrono::milliseconds{100};

/// Folds what opening reads.
class StateReplay final : public store::Replay {
 public:
  bool begin_at(std::uint64_t size, ByteView state) override {
    auto decoded = events::decode(state);
    if (!decoded) return false;
    state_ = std::move(*decoded);
    next_ = size;
    return true;
  }

  store::Status apply(const schema::Entry& entry) override {
    if (auto contradiction = events::apply(state_, entry))
      return Error{ErrorCode::damaged, *contradiction};
    next_ = entry.sequence() + 1;
    return {};
  }

  /// The first sequence that was not folded.
  [[nodiscard]] std::uint64_t next() const { return next_; }

  events::State take() { return std::move(state_); }

 private:
  events::State state_;
  std::uint64_t next_ = 0;
};

/// The record at a place, if it is the one that the tree holds. Opening looks
/// only at what is newer than a snapshot.
Result<Bytes> read_record(store::LedgerView& view, std::uint64_t sequence) {
  auto damaged = [&](const std::string& why) {
    return Error{ErrorCode::damaged,
                 "entry " + std::to_string(sequence) + ": " + why};
  };
  auto stored = view.record(sequence);
  if (!stored) return stored.error();
  auto nodes = view.nodes_of(sequence);
  if (!nodes) return nodes.error();
  store::AlignedBytes aligned;
  auto record = store::open_record(*stored, aligned);
  if (!record) return damaged(record.error().message);
  auto leaf = store::hash_record(record->halves).leaf;
  bool in_tree = nodes->size() >= Hash::size &&
                 Hash{nodes->first<Hash::size>()} == leaf;
  if (!in_tree) return damaged("the tree does not match the record");
  return Bytes{stored->begin(), stored->end()};
}

Result<Bytes> read_entry(store::LedgerView& view, std::uint64_t sequence) {
  auto record = read_record(view, sequence);
  if (record) record->resize(record->size() - Signature::size);
  return record;
}

/// Opening may add an entry of its own, which it does not tell.
store::Status fold_rest(store::Backend& backend, StateReplay& replay,
                        std::uint64_t size) {
  auto transaction = backend.read();
  if (!transaction) return transaction.error();
  store::LedgerView view{**transaction};
  while (replay.next() < size) {
    auto entry = read_entry(view, replay.next());
    if (!entry) return entry.error();
    auto folded = replay.apply(*schema::GetEntry(entry->data()));
    if (!folded) return folded;
  }
  return {};
}

/// Grants, or who has a role.
bool changes_admission(const schema::Event& event) {
  using enum schema::Event;
  return event == CapabilityGranted || event == CapabilityRevoked ||
         event == NodeStarted || event == RoleMoved || event == MemberRemoved ||
         event == MemberReplaced || event == MeshFounded ||
         event == AuthorityRecovered || event == RosterEntryTaken;
}

bool changes_admission(const store::AppendRequest& request) {
  return std::any_of(request.begin(), request.end(), [](const auto& event) {
    return changes_admission(event.payload.type);
  });
}

}  // namespace

Result<std::shared_ptr<OpenLedger>> open_or_found(
    const store::LedgerParts& parts, const store::Founding& founding,
    const store::ClockReading& clock, store::LedgerOptions options) {
  StateReplay replay;
  auto opened = store::Ledger::open(parts, replay, clock, options);
  if (!opened && opened.error().code == ErrorCode::not_found) {
    auto founded = store::Ledger::found(parts, founding, clock, options);
    if (!founded) return founded.error();
    founded->reset();
    // Read back like any other, so that there is one way to the state.
    opened = store::Ledger::open(parts, replay, clock, std::move(options));
  }
  if (!opened) return opened.error();
  if (auto folded =
          fold_rest(parts.backend, replay, (*opened)->position().head.size);
      !folded)
    return folded.error();
  return std::make_shared<OpenLedger>(
      OpenLedger{parts.backend, std::move(*opened), replay.take()});
}

store::Status check_ledger(const store::LedgerParts& parts) {
  StateReplay replay;
  return store::Ledger::check(parts, replay);
}

class LedgerActorState::Writer {
 public:
  using Self = LedgerActor::stateful_pointer<LedgerActorState>;

  Writer(Self self, std::shared_ptr<OpenLedger> opened, ClockPort clock,
         const LedgerSettings& settings)
      : self_(self),
        opened_(std::move(opened)),
        clock_(std::move(clock)),
        group_(*opened_->ledger, settings.group),
        snapshot_entries_(settings.snapshot_entries),
        snapshot_at_(size() + snapshot_entries_),
        vouching_(*opened_->ledger, opened_->backend, settings.witness) {}

  caf::result<EntriesPtr> append(const AppendPtr& append) {
    auto promise = self_->make_response_promise<EntriesPtr>();
    arrived_.push_back({append, promise});
    read_clock();
    return promise;
  }

  caf::result<EntriesPtr> replay(const std::string& stream,
                                 std::uint64_t after) {
    auto promise = self_->make_response_promise<EntriesPtr>();
    after_appends([this, stream, after, promise] {
      actors::answer(promise, read_stream(read_entry, stream, after));
    });
    return promise;
  }

  [[nodiscard]] caf::result<EntriesPtr> records(const std::string& stream,
                                                std::uint64_t after,
                                                std::uint64_t limit) const {
    auto records = read_stream(read_record, stream, after, limit);
    if (!records) return to_message(records.error());
    return *records;
  }

  [[nodiscard]] caf::result<EntryProofPtr> prove(std::uint64_t sequence) const {
    auto proof = read_proof(sequence);
    if (!proof) return to_message(proof.error());
    return *proof;
  }

  [[nodiscard]] caf::result<GrowthPtr> grow(const store::SignedHead& from,
                                            std::uint64_t to) const {
    auto growth = vouching_.grow(from, to);
    if (!growth) return to_message(growth.error());
    return std::make_shared<const Growth>(std::move(*growth));
  }

  caf::result<Cosignature> cosign(const CosignWish& wish) {
    auto cosignature = vouching_.cosign(wish);
    if (!cosignature) return to_message(cosignature.error());
    return *cosignature;
  }

  caf::result<bool> take(const NodeId& witness,
                         const Cosignature& cosignature) {
    auto taken = vouching_.take(witness, cosignature);
    if (!taken) return to_message(taken.error());
    return true;
  }

  void forget(const NodeId& node) { vouching_.forget(node); }

  [[nodiscard]] caf::result<WitnessNotesPtr> witness_notes() const {
    auto notes = vouching_.notes();
    if (!notes) return to_message(notes.error());
    return std::make_shared<const WitnessNotes>(std::move(*notes));
  }

  [[nodiscard]] caf::result<SecretBufferPtr> unseal(const Bytes& sealed) const {
    auto secret = ledger().unseal(sealed);
    if (!secret) return to_message(secret.error());
    return std::make_shared<const store::SecretBuffer>(std::move(*secret));
  }

  [[nodiscard]] Signature sign(const Bytes& frame) const {
    return ledger().sign(store::frame_domain, frame);
  }

  [[nodiscard]] Signature sign(const Hash& binding) const {
    return ledger().sign(store::pairing_domain, binding.view());
  }

  [[nodiscard]] caf::result<EntriesPtr> read(std::uint64_t from,
                                             std::uint64_t limit) const {
    auto begin = std::min(from, size());
    auto entries =
        read_entries(begin, std::min(limit, size() - begin), page_bytes_max);
    if (!entries) return to_message(entries.error());
    return *entries;
  }

  caf::result<StatePtr> state() {
    auto promise = self_->make_response_promise<StatePtr>();
    after_appends([this, promise]() mutable {
      promise.deliver(
          std::make_shared<const StateAt>(StateAt{size(), opened_->state}));
    });
    return promise;
  }

  [[nodiscard]] LedgerStatus status() const {
    LedgerStatus status{
        ledger().position().head, ledger().checkpoint(), {}, unpublished_why_};
    if (ledger().failure()) status.read_only = ledger().failure()->message;
    return status;
  }

  void watch(const LedgerWatcher& watcher) {
    watchers_.push_back(watcher);
    if (told_) tell(watcher);
  }

  void follow(const LedgerFollower& follower) {
    followers_.push_back(follower);
    self_->send(follower, grew_atom::value, size());
  }

  /// Answered after all appends that were asked for before.
  caf::result<bool> prepare_stop() {
    auto promise = self_->make_response_promise<bool>();
    after_appends([this, promise]() mutable {
      stopping_ = true;
      publish();
      ledger().prepare_orderly_stop();
      promise.deliver(true);
    });
    return promise;
  }

  void publish_due() {
    publish_planned_ = false;
    read_clock();
  }

  void read_clock() {
    if (clock_asked_) return;
    clock_asked_ = true;
    on_answer<store::ClockReading>(
        self_->request(clock_, caf::infinite, read_atom::value),
        [this](const store::ClockReading& now) { go_on(now); },
        [this](caf::error& error) { self_->quit(error); });
  }

 private:
  struct Arrived {
    AppendPtr append;
    caf::typed_response_promise<EntriesPtr> promise;
  };

  [[nodiscard]] store::Ledger& ledger() const { return *opened_->ledger; }
  [[nodiscard]] std::uint64_t size() const {
    return ledger().position().head.size;
  }

  /// Whoever asks what was recorded is told of every append before: one that
  /// begins anew may follow on one whose append is not answered yet.
  void after_appends(std::function<void()> look) {
    if (arrived_.empty() && group_.waiting_events() == 0) return look();
    mark(RarePath::replay_behind_appends);
    looks_.push_back(std::move(look));
  }

  void go_on(const store::ClockReading& now) {
    clock_asked_ = false;
    now_ = now;
    for (auto& arrived : std::exchange(arrived_, {}))
      submit(std::move(arrived), now.since_boot_ns);
    bool more_is_coming = !self_->mailbox().empty();
    if (group_.waiting_events() > 0 &&
        !group_.due(more_is_coming, now.since_boot_ns)) {
      mark(RarePath::group_waited);
      read_clock();  // answered after what is in the mailbox now
      return;
    }
    auto size_before = size();
    note_published(group_.flush(now));
    if (stopping_) publish();
    if (size() != size_before)
      for (const auto& follower : followers_)
        self_->send(follower, grew_atom::value, size());
    for (auto& look : std::exchange(looks_, {})) look();
    write_snapshot();
    say_if_read_only();
    if (!ledger().failure() && ledger().unpublished() && !publish_planned_) {
      publish_planned_ = true;
      self_->delayed_send(self_, publish_again_after, publish_atom::value);
    }
  }

  /// Whatever the time.
  void publish() { note_published(ledger().publish()); }

  /// An error is no harm yet: it is tried again. It is worth saying, though.
  void note_published(const store::Status& published) {
    if (!published)
      unpublished_why_ = published.error().message;
    else if (!ledger().unpublished())
      unpublished_why_.reset();
  }

  void submit(Arrived arrived, std::uint64_t since_boot_ns) {
    store::WaitingRequest waiting;
    waiting.request = arrived.append->request;
    waiting.changes_admission = changes_admission(waiting.request);
    if (arrived.append->need || arrived.append->controller)
      waiting.admit = [this, append = arrived.append] {
        return admit(*append);
      };
    waiting.answer = [this, promise = arrived.promise](
                         const Result<store::Appended>& appended) mutable {
      answer(promise, appended);
    };
    group_.submit(std::move(waiting), since_boot_ns);
  }

  [[nodiscard]] store::Status admit(const Append& append) const {
    if (append.need)
      if (auto admitted = admit(*append.need); !admitted) return admitted;
    if (append.controller) return admit(*append.controller);
    return {};
  }

  [[nodiscard]] store::Status admit(const NodeId& controller) const {
    const auto& mesh = opened_->state.mesh;
    if (mesh.controller == controller && mesh.find(controller) != nullptr)
      return {};
    mark(RarePath::controller_not_any_more);
    return Error{ErrorCode::not_granted,
                 "node " + controller.hex() + " is not the controller"};
  }

  [[nodiscard]] store::Status admit(const events::Need& need) const {
    events::Moment moment{now_.utc_ns, now_.since_boot_ns, now_.synchronised,
                          opened_->state.node.boot};
    if (events::is_live(opened_->state.capabilities, need, moment)) return {};
    mark(RarePath::need_not_live);
    return Error{ErrorCode::not_granted, "grant " + need.grant.hex() +
                                             " does not allow " + need.subject +
                                             " to do this to " + need.resource};
  }

  void answer(caf::typed_response_promise<EntriesPtr>& promise,
              const Result<store::Appended>& appended) {
    if (!appended) {
      // Whoever is told that nothing is recorded any more finds the node to say
      // so, too.
      say_if_read_only();
      promise.deliver(to_message(appended.error()));
      return;
    }
    auto entries = read_entries(appended->first, appended->count);
    if (!entries) return give_up(entries.error());
    for (const auto& bytes : **entries)
      if (auto contradiction =
              events::apply(opened_->state, *schema::GetEntry(bytes.data())))
        return give_up({ErrorCode::damaged, *contradiction});
    promise.deliver(*entries);
  }

  /// What was recorded is not what was asked for: nothing here can be trusted.
  void give_up(const Error& error) { self_->quit(to_message(error)); }

  /// Fewer if they have `bytes_max` bytes before, but one at the least.
  [[nodiscard]] Result<EntriesPtr> read_entries(
      std::uint64_t first, std::uint64_t count,
      std::size_t bytes_max = ~std::size_t{0}) const {
    auto transaction = opened_->backend.read();
    if (!transaction) return transaction.error();
    store::LedgerView view{**transaction};
    auto entries = std::make_shared<Entries>();
    std::size_t bytes = 0;
    for (auto sequence = first; sequence < first + count && bytes < bytes_max;
         ++sequence) {
      auto entry = read_entry(view, sequence);
      if (!entry) return entry.error();
      bytes += entry->size();
      entries->push_back(std::move(*entry));
    }
    return EntriesPtr{std::move(entries)};
  }

  using Read = Result<Bytes> (*)(store::LedgerView& view,
                                 std::uint64_t sequence);

  [[nodiscard]] Result<EntriesPtr> read_stream(
      Read read_one, const std::string& stream, std::uint64_t after,
      std::uint64_t limit = ~std::uint64_t{0}) const {
    auto transaction = opened_->backend.read();
    if (!transaction) return transaction.error();
    store::LedgerView view{**transaction};
    auto entries = std::make_shared<Entries>();
    store::Status read;
    auto scanned =
        view.scan_stream(stream, after + 1, [&](std::uint64_t sequence) {
          if (entries->size() == limit) return false;
          auto one = read_one(view, sequence);
          if (one)
            entries->push_back(std::move(*one));
          else
            read = one.error();
          return read.ok();
        });
    if (!scanned) return scanned.error();
    if (!read) return read.error();
    return EntriesPtr{std::move(entries)};
  }

  /// Of the tree of the newest checkpoint.
  [[nodiscard]] Result<EntryProofPtr> read_proof(std::uint64_t sequence) const {
    auto transaction = opened_->backend.read();
    if (!transaction) return transaction.error();
    store::LedgerView view{**transaction};
    auto proof = std::make_shared<EntryProof>();
    proof->checkpoint = ledger().checkpoint();
    auto checkpoint = store::parse_checkpoint(proof->checkpoint);
    if (!checkpoint) return checkpoint.error();
    auto inclusion =
        store::prove_inclusion(sequence, checkpoint->head.size, view.nodes());
    if (!inclusion) return inclusion.error();
    proof->inclusion = std::move(*inclusion);
    auto record = read_record(view, sequence);
    if (!record) return record.error();
    proof->record = std::move(*record);
    return EntryProofPtr{std::move(proof)};
  }

  void write_snapshot() {
    if (snapshot_entries_ == 0 || ledger().failure() || size() < snapshot_at_)
      return;
    snapshot_at_ = size() + snapshot_entries_;
    // Snapshots only save time; one that fails is missed by nobody.
    if (ledger().write_snapshot(events::encode(opened_->state)))
      mark(RarePath::snapshot_written);
  }

  void say_if_read_only() {
    if (!ledger().failure() || told_) return;
    mark(RarePath::went_read_only);
    told_ = true;
    for (const auto& watcher : watchers_) tell(watcher);
  }

  void tell(const LedgerWatcher& watcher) {
    self_->send(watcher, read_only_atom::value, ledger().failure()->message);
  }

  Self self_;
  std::shared_ptr<OpenLedger> opened_;
  ClockPort clock_;
  store::GroupCommit group_;
  std::uint64_t snapshot_entries_;
  std::uint64_t snapshot_at_;
  store::ClockReading now_;
  bool clock_asked_ = false;
  std::vector<Arrived> arrived_;
  std::vector<std::function<void()>> looks_;
  std::vector<LedgerWatcher> watchers_;
  std::vector<LedgerFollower> followers_;
  bool told_ = false;
  bool stopping_ = false;
  bool publish_planned_ = false;
  /// Why the checkpoint outside could not be renewed the last time, if so.
  std::optional<std::string> unpublished_why_;
  Vouching vouching_;
};

LedgerActorState::LedgerActorState() = default;
LedgerActorState::~LedgerActorState() = default;

LedgerActor::behavior_type ledger_actor(
    LedgerActor::stateful_pointer<LedgerActorState> self,
    const std::shared_ptr<OpenLedger>& opened, const ClockPort& clock,
    const LedgerSettings& settings) {
  self->state.writer =
      std::make_unique<LedgerActorState::Writer>(self, opened, clock, settings);
  auto* writer = self->state.writer.get();
  return {
      [=](append_atom, const AppendPtr& append) {
        return writer->append(append);
      },
      [=](replay_atom, const std::string& stream, std::uint64_t after) {
        return writer->replay(stream, after);
      },
      [=](read_atom, std::uint64_t from, std::uint64_t limit) {
        return writer->read(from, limit);
      },
      [=](records_atom, const std::string& stream, std::uint64_t after,
          std::uint64_t limit) {
        return writer->records(stream, after, limit);
      },
      [=](prove_atom, std::uint64_t sequence) {
        return writer->prove(sequence);
      },
      [=](grow_atom, const store::SignedHead& from, std::uint64_t to) {
        return writer->grow(from, to);
      },
      [=](cosign_atom, const CosignWishPtr& wish) {
        return writer->cosign(*wish);
      },
      [=](forget_atom, const NodeId& node) { writer->forget(node); },
      [=](take_atom, const NodeId& witness, const Cosignature& cosignature) {
        return writer->take(witness, cosignature);
      },
      [=](heads_atom) { return writer->witness_notes(); },
      [=](unseal_atom, const BytesPtr& sealed) {
        return writer->unseal(*sealed);
      },
      [=](sign_atom, const BytesPtr& frame) { return writer->sign(*frame); },
      [=](sign_atom, const Hash& binding) { return writer->sign(binding); },
      [=](state_atom) { return writer->state(); },
      [=](status_atom) { return writer->status(); },
      [=](watch_atom, const LedgerWatcher& watcher) { writer->watch(watcher); },
      [=](follow_atom, const LedgerFollower& follower) {
        writer->follow(follower);
      },
      [=](stop_atom) { return writer->prepare_stop(); },
      [=](publish_atom) { writer->publish_due(); },
  };
}

}  // namespace ppn::actors
