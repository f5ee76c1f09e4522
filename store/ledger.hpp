// The ledger: the one writer of a node's history. Persist first, act after: an
// append is answered once it is durable.
//
//   requests -> decide versions -> chain -> sign on all cores -> one
//   transaction (entries, tree, streams, checkpoint) -> durable commit ->
//   answers
//   -> checkpoint outside, at most 100 ms behind
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/backend.hpp"
#include "store/checkpoint.hpp"
#include "store/key_store.hpp"
#include "store/outside_checkpoint.hpp"
#include "store/record.hpp"
#include "store/sealing.hpp"
#include "store/signed_head.hpp"
#include "store/snapshot.hpp"

namespace ppn::store {

class SignerPool;

/// The steps of a commit, in order. A crash after any of them loses nothing
/// that was answered and leaves nothing half done.
enum class CommitStage : std::uint8_t {
  taken,
  chained,
  signed_and_put,
  checkpoint_put,
  committed,
  outside_checkpoint_written,
};

struct LedgerOptions {
  /// Threads that sign beside the caller's own; 0 keeps all on one thread.
  unsigned extra_signers = 0;
  /// A transaction ends with the request that reaches one of these.
  std::size_t commit_events_max = 4096;
  std::uint64_t commit_bytes_max = std::uint64_t{4} << 20U;
  /// Called after each stage of a commit.
  std::function<void(CommitStage)> on_stage;
  /// Who says to open although the checkpoint outside is missing or invalid;
  /// recorded as an entry.
  std::optional<Principal> accept_outside_checkpoint;
};

/// What opening tells, in order: a state to begin with, if a snapshot had one,
/// and then every entry that follows.
class Replay {
 public:
  Replay() = default;
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;
  virtual ~Replay() = default;

  /// False if the state is of no use, say of an older layout: replay begins at
  /// entry 0 then.
  virtual bool begin_at(std::uint64_t size, ByteView state) = 0;
  virtual Status apply(const schema::Entry& entry) = 0;
};

/// For those who need no state.
class NoReplay final : public Replay {
 public:
  bool begin_at(std::uint64_t, ByteView) override { return true; }
  Status apply(const schema::Entry&) override { return {}; }
};

/// Events that are appended all together or not at all.
using AppendRequest = std::vector<Event>;

/// The sequences that a request was given: [first, first + count).
struct Appended {
  std::uint64_t first = 0;
  std::size_t count = 0;
};

/// The old life that a new identity takes the place of.
struct Rejoin {
  NodeId replaces;
  /// The old ledger's last signed checkpoint, a note.
  std::string last_checkpoint;
};

struct Founding {
  std::string node_name;
  std::optional<Rejoin> rejoin;
};

/// What a ledger works with. All of it outlives the ledger.
struct LedgerParts {
  Backend& backend;
  KeyStore& keys;
  OutsideCheckpoint& outside;
};

class Ledger {
 public:
  /// Begins the history of a new node with its first entry. bad_input if the
  /// ledger is not empty, rolled_back if it once was not.
  static Result<std::unique_ptr<Ledger>> found(const LedgerParts& parts,
                                               const Founding& founding,
                                               const ClockReading& clock,
                                               LedgerOptions options = {});

  /// Opens for appending, after checking the head's signature, chain and tree
  /// since the last snapshot, and the checkpoint outside. damaged (naming the
  /// first bad entry), too_new, rolled_back, forked, no_outside_checkpoint,
  /// key, io.
  static Result<std::unique_ptr<Ledger>> open(const LedgerParts& parts,
                                              Replay& replay,
                                              const ClockReading& clock,
                                              LedgerOptions options = {});

  /// What open() would say, key and all; nothing is changed.
  static Status check(const LedgerParts& parts, Replay& replay);

  ~Ledger();

  /// One durable commit for all requests, or as few as the options allow; each
  /// request has its own answer: version_conflict, oversized or bad_input
  /// concern one request, disk_full and map_full all of them, and the ledger
  /// goes on. After any other error the outcome is unknown, and the ledger is
  /// read-only until it is opened again.
  std::vector<Result<Appended>> append(std::span<const AppendRequest> requests,
                                       const ClockReading& clock);

  /// The same for a single request.
  Result<Appended> append(const AppendRequest& request,
                          const ClockReading& clock);

  /// Signs with a new key from the next entry on.
  Result<Appended> rotate_key(const Principal& principal,
                              const ClockReading& clock);

  /// Keeps `state` as what the entries so far add up to. io, disk_full.
  Status write_snapshot(ByteView state);

  /// Renews the checkpoint outside if it lags and its time has come, or `now`
  /// is left out. An error is no harm yet; it is worth saying, though.
  Status publish(std::optional<std::uint64_t> since_boot_ns = std::nullopt);

  /// Whether the checkpoint outside lags behind.
  [[nodiscard]] bool unpublished() const;

  /// Lets the next appends use the last room of the file system.
  void prepare_orderly_stop();

  /// Why no appends are taken any more, if so.
  [[nodiscard]] const std::optional<Error>& failure() const;

  [[nodiscard]] const LedgerPosition& position() const;

  /// The newest checkpoint as a note.
  [[nodiscard]] const std::string& checkpoint() const;

  /// Signs something else than entries with the key in force, also when no
  /// appends are taken any more.
  [[nodiscard]] Signature sign(const SignatureDomain& domain,
                               ByteView body) const;

  /// The checkpoint that this ledger had when it was of that size and root,
  /// signed once more with the key in force.
  [[nodiscard]] SignedHead sign_head(const TreeHead& head) const;
  /// The key in force.
  [[nodiscard]] const PublicKey& public_key() const;

  /// Signs the text of a checkpoint of another ledger, at that time, with a key
  /// of its own, which comes from the key in force (C2SP tlog-cosignature).
  [[nodiscard]] NoteSignature cosign(std::string_view note_text,
                                     std::uint64_t unix_seconds) const;
  /// By whose public half those are checked.
  [[nodiscard]] VerifierKey witness_key() const;

  /// Opens what was sealed for the key in force. damaged.
  [[nodiscard]] Result<SecretBuffer> unseal(ByteView sealed) const;

  /// Number of events in a stream.
  [[nodiscard]] std::uint64_t stream_version(std::string_view stream) const;

 private:
  class Implementation;
  explicit Ledger(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace ppn::store
