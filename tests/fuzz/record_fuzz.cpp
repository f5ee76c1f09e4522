// Records: hashed as the format says, and an entry that passes the check can be
// read in full and written again without a loss.
#include "store/key_rotation.hpp"
#include "store/record.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

void check_hashes(ByteView input, const store::RecordView& record) {
  auto hashes = store::hash_record(record);
  require(hashes.link == store::leaf_hash(record.entry), "the link");
  require(hashes.leaf == store::leaf_hash(input), "the leaf");
}

/// Unpacks every field there is, and packs them again.
void write_again(const schema::Entry& entry) {
  schema::EntryT fields;
  entry.UnPackTo(&fields);
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishEntryBuffer(builder, schema::Entry::Pack(builder, &fields));
  ByteView bytes{builder.GetBufferPointer(), builder.GetSize()};
  if (bytes.size() > store::max_entry_size) return;
  store::AlignedBytes aligned;
  auto again = store::check_entry(aligned.assign(bytes));
  require(again.ok(), "an entry written again passes the check");
  require((*again)->sequence() == entry.sequence() &&
              (*again)->stream()->str() == entry.stream()->str() &&
              (*again)->payload_type() == entry.payload_type(),
          "it is the same entry");
}

}  // namespace

void run(ByteView input) {
  auto record = store::split_record(input);
  if (!record) return;
  check_hashes(input, *record);
  store::AlignedBytes aligned;
  auto entry = store::check_entry(aligned.assign(record->entry));
  if (!entry) return;
  require(store::is_stream_name((*entry)->stream()->string_view()),
          "the stream has a valid name");
  require((*entry)->stream_version() > 0, "the stream has a version");
  if (store::identity_of(**entry) != nullptr) (void)store::first_key(**entry);
  if ((*entry)->payload_as_NodeKeyRotated() != nullptr)
    (void)store::rotated_key(**entry);
  write_again(**entry);
}

}  // namespace ppn::fuzz
