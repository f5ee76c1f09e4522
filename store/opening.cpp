#include "store/opening.hpp"

#include "store/byte_order.hpp"
#include "store/key_rotation.hpp"
#include "store/ledger_view.hpp"

namespace ppn::store {

namespace {

Error at_entry(std::uint64_t sequence, const Error& error) {
  return {error.code,
          "entry " + std::to_string(sequence) + ": " + error.message};
}

Error damaged(std::string why) { return {ErrorCode::damaged, std::move(why)}; }

/// Follows the records one by one from a position that is trusted.
class Follower {
 public:
  Follower(LedgerPosition position, Frontier frontier, Replay& replay)
      : position_(std::move(position)),
        frontier_(std::move(frontier)),
        replay_(replay) {}

  Status follow(ByteView record, ByteView stored_nodes) {
    auto split = split_record(record);
    if (!split) return split.error();
    // The tree first: what it does not hold is damaged, whatever it says.
    auto hashes = hash_record(*split);
    if (auto grown = grow_tree(hashes.leaf, stored_nodes); !grown) return grown;
    auto entry = check_entry(aligned_.assign(split->entry));
    if (!entry) return entry.error();
    if (auto placed = check_place(**entry); !placed) return placed;
    if (auto named = follow_keys({*split, *entry}); !named) return named;
    position_.link = hashes.link;
    position_.head.size += 1;
    return replay_.apply(**entry);
  }

  /// The entry that was followed last is signed by the key of its place.
  Status check_head_signature(ByteView record) const {
    auto split = split_record(record);
    if (!split) return split.error();
    auto sequence = position_.head.size - 1;
    if (!verify(key_at(position_.keys, sequence), entry_domain, split->entry,
                split->signature))
      return damaged("the signature is wrong");
    return {};
  }

  OpenedLedger finish(std::string checkpoint) && {
    position_.head.root = frontier_.root();
    return {std::move(position_), std::move(frontier_), std::move(checkpoint)};
  }

 private:
  Status check_place(const schema::Entry& entry) {
    if (entry.sequence() != position_.head.size)
      return damaged("it says that it is entry " +
                     std::to_string(entry.sequence()));
    if (Hash{*entry.prev()} != position_.link)
      return damaged("it does not follow from the entry before it");
    if (entry.sequence() > 0 && NodeId{*entry.node()} != position_.node)
      return damaged("it is of another node");
    auto name = entry.stream()->string_view();
    auto stream = position_.streams.find(name);
    if (stream == position_.streams.end())
      stream = position_.streams.emplace(name, 0).first;
    if (entry.stream_version() != ++stream->second)
      return damaged("its stream version is " +
                     std::to_string(entry.stream_version()) + " where " +
                     std::to_string(stream->second) + " is due");
    return {};
  }

  Status grow_tree(const Hash& leaf, ByteView stored_nodes) {
    bool equal = stored_nodes.size() ==
                 nodes_completed_by(frontier_.size()) * Hash::size;
    std::size_t offset = 0;
    frontier_.append(leaf, [&](const Hash& node) {
      equal = equal && std::equal(node.bytes.begin(), node.bytes.end(),
                                  stored_nodes.begin() +
                                      static_cast<std::ptrdiff_t>(offset));
      offset += Hash::size;
    });
    if (!equal) return damaged("the tree does not match the record");
    return {};
  }

  Status follow_keys(const OpenedRecord& record) {
    const auto& entry = *record.entry;
    if (entry.sequence() == 0) {
      auto first = first_key(entry);
      if (!first) return first.error();
      position_.node = NodeId{*entry.node()};
      position_.keys = {{0, *first}};
      return {};
    }
    if (identity_of(entry) != nullptr)
      return damaged("only entry 0 may found a node");
    if (entry.payload_type() != schema::Event::NodeKeyRotated) return {};
    auto next = handed_over_key(record, position_.keys.back().key);
    if (!next) return next.error();
    position_.keys.push_back({entry.sequence() + 1, *next});
    return {};
  }

  LedgerPosition position_;
  Frontier frontier_;
  Replay& replay_;
  AlignedBytes aligned_;
};

Result<Frontier> read_frontier(std::uint64_t size, const NodeReader& read) {
  std::vector<Hash> nodes;
  for (const auto& address : frontier_of(size)) {
    auto node = read(address);
    if (!node) return node.error();
    nodes.push_back(*node);
  }
  return Frontier{size, std::move(nodes)};
}

/// The newest snapshot that fits this ledger; snapshots are caches, so one that
/// is damaged or cannot be used is passed over, for the audit tool to report.
std::optional<Snapshot> newest_snapshot(LedgerView& view, std::uint64_t size) {
  auto stored =
      view.transaction().last_below(Table::snapshots, big_endian(size + 1));
  if (!stored) return std::nullopt;
  auto snapshot = decode_snapshot(stored->value);
  // Only the key in force vouches for what is not checked again: a retired one
  // may be in other hands.
  auto keys = read_key_history(view);
  if (!snapshot || !keys || snapshot->position.keys != *keys ||
      snapshot->position.head.size > size || snapshot->position.head.size == 0)
    return std::nullopt;
  auto frontier = read_frontier(snapshot->position.head.size, view.nodes());
  if (!frontier || frontier->root() != snapshot->position.head.root)
    return std::nullopt;
  return *snapshot;
}

/// The stored nodes of the tree, looked up for many entries at a time.
class NodesAhead {
 public:
  explicit NodesAhead(LedgerView& view) : view_(view) {}

  /// The nodes that leaf `sequence` completes; nothing if they are missing.
  std::optional<ByteView> of(std::uint64_t sequence) {
    if (sequence < begin_ || sequence >= begin_ + nodes_.size())
      look_ahead(sequence);
    if (nodes_.empty()) return std::nullopt;
    return nodes_[sequence - begin_];
  }

 private:
  static constexpr std::size_t nodes_max = 256;

  void look_ahead(std::uint64_t sequence) {
    begin_ = sequence;
    nodes_.clear();
    // A scan that fails leaves nodes out.
    (void)view_.transaction().scan(
        Table::tree, big_endian(sequence), [&](const KeyValue& pair) {
          bool is_next = pair.key.size() == sizeof sequence &&
                         from_big_endian(pair.key) == begin_ + nodes_.size();
          if (is_next) nodes_.push_back(pair.value);
          return is_next && nodes_.size() < nodes_max;
        });
  }

  LedgerView& view_;
  std::uint64_t begin_ = 0;
  std::vector<ByteView> nodes_;
};

Status follow_tail(LedgerView& view, std::uint64_t from, Follower& follower,
                   ByteView& last_record) {
  Status followed;
  std::uint64_t sequence = from;
  NodesAhead nodes_ahead{view};
  auto records = view.scan_records(from, [&](const StoredRecord& stored) {
    sequence = stored.sequence;
    auto nodes = nodes_ahead.of(stored.sequence);
    if (!nodes)
      followed = damaged("the tree lacks its nodes");
    else
      followed = follower.follow(stored.record, *nodes);
    last_record = stored.record;
    return followed.ok();
  });
  if (!followed) return at_entry(sequence, followed.error());
  return records;
}

Status check_head(const OpenedLedger& opened) {
  const auto& position = opened.position;
  auto checkpoint = parse_checkpoint(opened.checkpoint);
  if (!checkpoint)
    return damaged("the checkpoint: " + checkpoint.error().message);
  if (checkpoint->head != position.head)
    return damaged(
        "the checkpoint is of another tree than the entries make: "
        "it says " +
        std::to_string(checkpoint->head.size) + " entries, and there are " +
        std::to_string(position.head.size));
  auto verified =
      verify_checkpoint(*checkpoint, position.node, position.keys.back().key);
  if (!verified) return damaged("the checkpoint: " + verified.error().message);
  return {};
}

}  // namespace

Result<OpenedLedger> check_and_replay(ReadTransaction& transaction,
                                      Replay& replay) {
  LedgerView view{transaction};
  auto size = view.size();
  if (!size) return size.error();
  if (*size == 0) return Error{ErrorCode::not_found, "the ledger is empty"};
  if (auto format = view.check_format(); !format) return format.error();

  LedgerPosition position;
  Frontier frontier;
  if (auto snapshot = newest_snapshot(view, *size)) {
    auto begin = snapshot->position.head.size;
    if (replay.begin_at(begin, snapshot->state)) {
      auto edge = read_frontier(begin, view.nodes());
      if (!edge) return edge.error();
      frontier = std::move(*edge);
      position = std::move(snapshot->position);
    }
  }

  auto from = position.head.size;
  auto keys_vouched_for = position.keys.size();
  Follower follower{std::move(position), std::move(frontier), replay};
  ByteView last_record;
  if (auto followed = follow_tail(view, from, follower, last_record); !followed)
    return followed.error();
  if (last_record.empty()) {
    auto stored = view.record(*size - 1);
    if (!stored) return stored.error();
    last_record = *stored;
  }
  if (auto head = follower.check_head_signature(last_record); !head)
    return at_entry(*size - 1, head.error());
  auto note = view.checkpoint_note();
  if (!note) return damaged("the ledger has no checkpoint");
  auto opened = std::move(follower).finish(std::move(*note));
  if (from > 0 && opened.position.keys.size() != keys_vouched_for)
    return damaged("the index of streams hides a key rotation");
  if (auto head = check_head(opened); !head) return head.error();
  return opened;
}

Status verify_outside(const Checkpoint& outside, const NodeId& node,
                      const KeyHistory& keys, std::uint64_t size) {
  if (outside.head.size <= size)
    return verify_checkpoint(outside, node, key_at(keys, outside.head.size));
  // Past the end, the key in force is unknown; any key of this node may have
  // signed what was lost.
  auto verified = verify_checkpoint(outside, node, keys.back().key);
  if (!verified && verified.error().code == ErrorCode::not_found) return {};
  return verified;
}

Status compare_with_outside(const std::string& note, const OpenedLedger& opened,
                            ReadTransaction& transaction) {
  const auto& position = opened.position;
  auto invalid = [](const std::string& why) {
    return Error{ErrorCode::no_outside_checkpoint,
                 "the checkpoint kept outside the database is invalid: " + why};
  };
  auto outside = parse_checkpoint(note);
  if (!outside) return invalid(outside.error().message);
  const auto& head = outside->head;
  auto verified = verify_outside(*outside, position.node, position.keys,
                                 position.head.size);
  if (!verified) return invalid(verified.error().message);
  if (head.size > position.head.size)
    return Error{ErrorCode::rolled_back,
                 "the ledger was rolled back: it has " +
                     std::to_string(position.head.size) +
                     " entries, and this node signed a checkpoint of " +
                     std::to_string(head.size) +
                     "; it never signs again under this identity"};
  LedgerView view{transaction};
  auto root = tree_root(head.size, view.nodes());
  if (!root) return root.error();
  if (*root != head.root)
    return Error{ErrorCode::forked,
                 "the ledger was forked: its first " +
                     std::to_string(head.size) +
                     " entries are not the ones that this node signed a "
                     "checkpoint of"};
  return {};
}

}  // namespace ppn::store
