// Records of the roster on their way between nodes: the authority's entries
// with its signatures, whether they stand in its own ledger or in another's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "events/roster.hpp"
#include "store/record.hpp"

namespace ppn::actors {

/// The authority's record behind a checked record of a roster's stream: the one
/// that it holds, or it itself. damaged.
store::Result<Bytes> authority_record(ByteView record);

/// The entry of a record that whoever is the authority now signed, or whoever
/// the recovery key made the authority; good as long as `aligned`. Whether it
/// may follow is not looked at, but for its place. bad_input, damaged, too_new.
store::Result<const schema::Entry*> check_next(const events::Mesh& mesh,
                                               ByteView record,
                                               store::AlignedBytes& aligned);

/// What the authority's next record makes of `mesh`. bad_input if it is not the
/// next, not by the authority or not signed by it, damaged, too_new.
store::Result<events::Mesh> after_record(const events::Mesh& mesh,
                                         ByteView record);

/// An event that holds the record, in the stream of its epoch; it was checked.
events::Draft taken_draft(ByteView record);

/// The place in the roster that a record says it has, and who its author is.
/// Nothing of that is checked; nothing if it is of no roster.
struct RosterClaim {
  events::RosterPlace place;
  NodeId author;
};
std::optional<RosterClaim> claim_of(ByteView record);

/// The epoch to recover a mesh in, after what others told.
std::uint64_t next_epoch(const events::Mesh& mesh,
                         const std::map<NodeId, MemberHeard>& heard);

/// Whether the recovery key wants what a command says. bad_input.
store::Status check_recovery(const events::Mesh& mesh,
                             const events::RecoverMesh& command);

/// Who wrote a record, if that is or was a member of the mesh.
struct Author {
  NodeId node;
  PublicKey key;
};
std::optional<Author> author_of(const events::Mesh& mesh, ByteView record);

/// Two records that an author signed for one version of the roster.
bool is_clash(const PublicKey& key, ByteView ours, ByteView theirs);

/// Two recoveries of the mesh for one epoch, each wanted by its recovery key.
bool is_recovery_clash(const events::Mesh& mesh, ByteView ours,
                       ByteView theirs);

/// Reads the introduction of a node: the entries of its own ledger that say who
/// it is. bad_input, damaged, too_new.
store::Result<events::Newcomer> read_introduction(
    const std::vector<Bytes>& records);

/// What an entry of the roster did to `before`, in words.
std::string in_words(const events::Mesh& before, const schema::Entry& entry);

}  // namespace ppn::actors
