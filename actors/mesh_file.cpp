#include "actors/mesh_file.hpp"

#include "store/base64.hpp"
#include "store/record.hpp"

namespace ppn::actors {

namespace {

store::Error bad_line(std::size_t number, const std::string& why) {
  return {store::ErrorCode::bad_input,
          "line " + std::to_string(number) + ": " + why};
}

}  // namespace

std::string write_mesh_file(const std::vector<Bytes>& records) {
  std::string text{mesh_file_header};
  text += '\n';
  for (const auto& record : records) text += store::to_base64(record) + '\n';
  return text;
}

store::Result<std::vector<Bytes>> read_mesh_file(std::string_view text) {
  std::vector<Bytes> records;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto end = text.find('\n');
    if (end == std::string_view::npos)
      return bad_line(number, "it has no end: the file was cut off");
    auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number == 1) {
      if (line != mesh_file_header)
        return bad_line(number, "this is no file of `ppnctl mesh export`");
      continue;
    }
    auto record = store::from_base64(line);
    if (!record || record->empty())
      return bad_line(number, "this is no record in base64");
    records.push_back(std::move(*record));
  }
  if (records.empty())
    return store::Error{store::ErrorCode::bad_input,
                        "the file holds no record"};
  return records;
}

bool is_introduction(const std::vector<Bytes>& records) {
  store::AlignedBytes aligned;
  auto first = store::open_record(records.front(), aligned);
  return first && store::identity_of(*first->entry) != nullptr;
}

}  // namespace ppn::actors
