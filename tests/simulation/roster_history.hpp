// The rosters that the authorities of a world made, as they became durable: a
// second opinion on what a roster may be, on who may sign what in which epoch,
// and on what each member has of it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "events/mesh.hpp"

namespace ppn::simulation {

class RosterHistory {
 public:
  /// An entry of a host's roster that became durable, with its record. What is
  /// wrong with it; nothing if all is well.
  std::optional<std::string> take(const schema::Entry& entry, ByteView record);

  /// What is wrong with a node's mesh after all that it took.
  [[nodiscard]] std::optional<std::string> check(
      const NodeId& node, const events::Mesh& mesh) const;

  struct Known {
    std::string name;
    PublicKey key;
    events::TunnelKey tunnel_key;
    Bytes address;
    std::vector<events::Endpoint> endpoints;
    std::optional<events::TunnelKey> next_key;
    std::optional<events::TunnelKey> last_key;
    /// When a key was announced last.
    std::int64_t announced_ns = 0;

    bool operator==(const Known&) const = default;
  };
  struct Gone {
    Known known;
    std::int64_t removed_ns = 0;
    bool replaced = false;
  };
  /// Who is what, after one entry.
  struct Roll {
    NodeId authority;
    NodeId hub;
    NodeId controller;
    std::map<NodeId, Known> members;
    std::map<NodeId, Gone> gone;
  };
  using RollPtr = std::shared_ptr<const Roll>;

  /// Of what stands in the end: the highest epoch, and there the first
  /// recovery.
  [[nodiscard]] std::uint64_t version() const {
    return branches_.empty() ? 0 : newest().records.size();
  }
  [[nodiscard]] std::uint64_t epoch() const { return newest().epoch; }
  [[nodiscard]] const NodeId& authority() const { return roll().authority; }
  [[nodiscard]] const NodeId& hub() const { return roll().hub; }
  [[nodiscard]] const std::map<NodeId, Known>& members() const {
    return roll().members;
  }
  [[nodiscard]] const std::map<NodeId, Gone>& gone() const {
    return roll().gone;
  }
  /// Whether a node has all of it.
  [[nodiscard]] bool is_at_newest(const NodeId& node) const;

  /// A member that the node knows and that has no entry which names its key.
  [[nodiscard]] std::optional<std::string> who_does_not_know(
      const NodeId& node, const events::TunnelKey& key) const;

  /// Two recovered the mesh for that epoch.
  [[nodiscard]] bool is_split(std::uint64_t epoch) const;
  /// The ledger of that node was rewritten.
  void note_rewritten(const NodeId& node) { rewritten_[node] += 1; }
  /// How often; 0: it was not.
  [[nodiscard]] std::uint64_t rewrites(const NodeId& node) const {
    auto found = rewritten_.find(node);
    return found == rewritten_.end() ? 0 : found->second;
  }
  /// It ran at two places at once.
  void note_cloned(const NodeId& node) { cloned_.insert(node); }
  [[nodiscard]] bool was_cloned(const NodeId& node) const {
    return cloned_.contains(node);
  }
  /// Who remembers its ledger may remember another one than it has.
  [[nodiscard]] bool may_have_forked(const NodeId& node) const {
    return rewrites(node) != 0 || was_cloned(node);
  }
  /// All that was ever signed.
  [[nodiscard]] const std::vector<Bytes>& records() const { return records_; }

 private:
  using Wrong = std::optional<std::string>;

  /// An epoch as one member began it.
  struct Branch {
    std::uint64_t epoch = 0;
    NodeId begun_by;
    std::vector<Bytes> records;
    /// The first version at which all that is restated came.
    std::uint64_t whole_from = 1;
    /// After that version, and each that followed.
    std::vector<RollPtr> rolls;
    /// What is still to be restated.
    Roll left;
  };
  /// How far a node is.
  struct Standing {
    std::size_t branch = 0;
    std::uint64_t version = 0;
    /// The newest that it is whole at; an empty one before.
    RollPtr roll = std::make_shared<const Roll>();
  };

  [[nodiscard]] const Branch& newest() const;
  [[nodiscard]] const Roll& roll() const;
  [[nodiscard]] std::optional<std::size_t> begun_with(const Bytes& held) const;

  Wrong take_held(const NodeId& node, const schema::Entry& entry,
                  const Bytes& held);
  Wrong take_news(const NodeId& author, const schema::Entry& entry);
  Wrong found(const NodeId& author, const schema::Entry& entry);
  Wrong recover(const NodeId& author, const schema::Entry& entry);
  Wrong restate(Branch& branch, const schema::Entry& entry);
  [[nodiscard]] Wrong check_consent(
      const schema::AuthorityRecovered& recovered) const;
  void stand(const NodeId& node, std::size_t branch, std::uint64_t version);

  std::vector<Branch> branches_;
  std::map<NodeId, Standing> standings_;
  std::vector<Bytes> records_;
  std::map<NodeId, std::uint64_t> rewritten_;
  std::set<NodeId> cloned_;
  Id mesh_;
  PublicKey recovery_key_;
};

}  // namespace ppn::simulation
