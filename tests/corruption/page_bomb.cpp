#include "tests/corruption/page_bomb.hpp"

#include <cstring>
#include <stdexcept>
#include <type_traits>

#include "store/byte_order.hpp"
#include "store/files.hpp"

namespace ppn::tests {

namespace {

constexpr std::size_t levels = 12;
constexpr std::uint16_t references = 100;
constexpr std::size_t page_size = 4096;
constexpr std::size_t file_size_max = std::size_t{1} << 30U;

// -- what LMDB 0.9 has in a file of a 64-bit machine -------------------------

constexpr std::uint16_t branch_page = 1;
constexpr std::uint16_t leaf_page = 2;

struct PageHeader {
  std::uint64_t number;
  std::uint16_t unused;
  std::uint16_t kind;
  /// Where the places of the nodes end, and where the nodes begin.
  std::uint16_t places_end;
  std::uint16_t nodes_begin;
};

/// The key follows, then the value. In a branch page there is none, and its
/// size is the number of the page referred to.
struct NodeHeader {
  std::uint16_t low;
  std::uint16_t middle;
  std::uint16_t high;
  std::uint16_t key_size;
};

struct TableRoot {
  std::uint32_t unused;
  std::uint16_t flags;
  std::uint16_t depth;
  std::uint64_t branch_pages;
  std::uint64_t leaf_pages;
  std::uint64_t overflow_pages;
  std::uint64_t pairs;
  std::uint64_t page;
};

/// On pages 0 and 1; the later transaction is in force.
struct MetaPage {
  PageHeader header;
  std::uint32_t magic;
  std::uint32_t version;
  std::uint64_t address;
  std::uint64_t map_size;
  TableRoot free_pages;
  TableRoot tables;
  std::uint64_t last_page;
  std::uint64_t transaction;
};

static_assert(sizeof(PageHeader) == 16 && sizeof(NodeHeader) == 8 &&
              sizeof(TableRoot) == 48 && sizeof(MetaPage) == 152);

// ----------------------------------------------------------------------------

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error{std::string{"page bomb: "} + what};
}

template <class T>
T read(ByteView bytes, std::size_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  require(offset + sizeof(T) <= bytes.size(), "beyond the end");
  T value{};
  std::memcpy(&value, &bytes[offset], sizeof value);
  return value;
}

template <class T>
void write(Bytes& bytes, std::size_t offset, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  require(offset + sizeof value <= bytes.size(), "beyond the end");
  std::memcpy(&bytes[offset], &value, sizeof value);
}

/// The first reference has no key; the others are larger than any in a table,
/// so that what is looked up goes by the first.
Bytes key_of_reference(std::uint16_t n) {
  if (n == 0) return {};
  Bytes key(9, 0xff);
  key.push_back(static_cast<std::uint8_t>(n));
  return key;
}

/// A page whose references are all to page `below`.
Bytes page_of_references(std::uint64_t number, std::uint64_t below) {
  Bytes page(page_size);
  auto begin = page_size;
  for (std::uint16_t n = 0; n < references; ++n) {
    auto key = key_of_reference(n);
    begin -= sizeof(NodeHeader) + key.size();
    write(page, begin,
          NodeHeader{static_cast<std::uint16_t>(below),
                     static_cast<std::uint16_t>(below >> 16U),
                     static_cast<std::uint16_t>(below >> 32U),
                     static_cast<std::uint16_t>(key.size())});
    std::copy(
        key.begin(), key.end(),
        page.begin() + static_cast<std::ptrdiff_t>(begin + sizeof(NodeHeader)));
    write(page, sizeof(PageHeader) + n * sizeof(std::uint16_t),
          static_cast<std::uint16_t>(begin));
  }
  constexpr auto places_end =
      sizeof(PageHeader) + references * sizeof(std::uint16_t);
  write(page, 0,
        PageHeader{number, 0, branch_page, places_end,
                   static_cast<std::uint16_t>(begin)});
  return page;
}

/// Where the root of a named table stands.
std::size_t place_of_root(ByteView file, const MetaPage& meta,
                          std::string_view name) {
  auto page = meta.tables.page * page_size;
  auto header = read<PageHeader>(file, page);
  require(header.kind == leaf_page, "the tables are on more than one page");
  for (auto place = sizeof header; place < header.places_end;
       place += sizeof(std::uint16_t)) {
    auto node = page + read<std::uint16_t>(file, page + place);
    auto key = node + sizeof(NodeHeader);
    auto key_size = read<NodeHeader>(file, node).key_size;
    if (store::as_text(file.subspan(key, key_size)) == name)
      return key + key_size;
  }
  throw std::runtime_error{"page bomb: there is no such table"};
}

}  // namespace

void plant_page_bomb(const std::filesystem::path& database,
                     store::Table table) {
  auto text = store::read_file(database, file_size_max);
  require(text.ok(), "the file can not be read");
  Bytes file{text->begin(), text->end()};

  auto first = read<MetaPage>(file, 0);
  auto second = read<MetaPage>(file, page_size);
  bool second_in_force = second.transaction > first.transaction;
  auto meta = second_in_force ? second : first;
  auto place = place_of_root(
      file, meta, store::table_names[static_cast<std::size_t>(table)]);
  auto root = read<TableRoot>(file, place);

  file.resize((meta.last_page + 1) * page_size);
  for (std::size_t level = 0; level < levels; ++level) {
    meta.last_page += 1;
    auto page = page_of_references(meta.last_page, root.page);
    file.insert(file.end(), page.begin(), page.end());
    root.page = meta.last_page;
    root.depth += 1;
  }
  write(file, place, root);
  write(file, second_in_force ? page_size : 0, meta);

  auto written = store::replace_file(database, file, 0600);
  require(written.ok(), "the file can not be written");
}

}  // namespace ppn::tests
