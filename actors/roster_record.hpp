// Records of the roster on their way between nodes: the authority's entries
// with its signatures, whether they stand in its own ledger or in another's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/roster.hpp"
#include "store/record.hpp"

namespace ppn::actors {

/// The authority's record behind a checked record of a stream "roster": the one
/// that it holds, or it itself. damaged.
store::Result<Bytes> authority_record(ByteView record);

/// The entry of a record that whoever is the authority now signed; good as long
/// as `aligned`. Whether it may follow is not looked at. bad_input, damaged,
/// too_new.
store::Result<const schema::Entry*> check_next(const events::Mesh& mesh,
                                               ByteView record,
                                               store::AlignedBytes& aligned);

/// Folds the authority's next record into `mesh`. bad_input if it is not the
/// next, not by the authority or not signed by it, damaged, too_new; the mesh
/// is then as it was.
store::Status take_record(events::Mesh& mesh, ByteView record);

/// An event that holds the record; it was checked.
events::Draft taken_draft(ByteView record);

/// Who wrote a record, if that is or was a member of the mesh.
struct Author {
  NodeId node;
  PublicKey key;
};
std::optional<Author> author_of(const events::Mesh& mesh, ByteView record);

/// Two records that an author signed for one version of the roster.
bool is_clash(const PublicKey& key, ByteView ours, ByteView theirs);

/// Reads the introduction of a node: the entries of its own ledger that say who
/// it is. bad_input, damaged, too_new.
store::Result<events::Newcomer> read_introduction(
    const std::vector<Bytes>& records);

/// What an entry of the roster did to `before`, in words.
std::string in_words(const events::Mesh& before, const schema::Entry& entry);

}  // namespace ppn::actors
