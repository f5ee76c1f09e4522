#include "store/tiles.hpp"

#include <algorithm>
#include <cassert>

#include "store/record.hpp"

namespace ppn::store {

namespace {

constexpr unsigned tile_height = 8;
constexpr std::size_t length_size = 2;

/// 1234067 -> x001/x234/067
std::string index_path(std::uint64_t index) {
  auto group = [](std::uint64_t number) {
    auto digits = std::to_string(number);
    return std::string(3 - digits.size(), '0') + digits;
  };
  auto path = group(index % 1000);
  for (index /= 1000; index > 0; index /= 1000)
    path.insert(0, "x" + group(index % 1000) + "/");
  return path;
}

std::string width_suffix(std::uint64_t width) {
  return width == tile_width ? "" : ".p/" + std::to_string(width);
}

}  // namespace

std::string tile_path(std::uint8_t level, const TileAddress& tile) {
  return "tile/" + std::to_string(level) + "/" + index_path(tile.index) +
         width_suffix(tile.width);
}

std::string bundle_path(const TileAddress& bundle) {
  return "tile/entries/" + index_path(bundle.index) +
         width_suffix(bundle.width);
}

std::uint64_t Tiles::size() const {
  return hashes_ / tile_width + (hashes_ % tile_width == 0 ? 0 : 1);
}

TileAddress Tiles::operator[](std::uint64_t index) const {
  assert(index < size());
  return {index, std::min(tile_width, hashes_ - index * tile_width)};
}

Tiles tiles_of_level(std::uint8_t level, std::uint64_t size) {
  return Tiles{size >> (tile_height * level)};
}

NodeAddress node_in_tile(std::uint8_t level, std::uint64_t tile_index,
                         std::uint64_t position) {
  return {static_cast<std::uint8_t>(tile_height * level),
          tile_index * tile_width + position};
}

void add_to_bundle(Bytes& bundle, ByteView record) {
  assert(record.size() <= max_record_size);
  bundle.push_back(static_cast<std::uint8_t>(record.size() >> 8U));
  bundle.push_back(static_cast<std::uint8_t>(record.size() & 0xffU));
  bundle.insert(bundle.end(), record.begin(), record.end());
}

Result<std::vector<ByteView>> parse_bundle(ByteView bundle,
                                           std::uint64_t width) {
  auto bad = [](const char* why) {
    return Error{ErrorCode::bad_input, std::string{"entry bundle: "} + why};
  };
  std::vector<ByteView> records;
  while (!bundle.empty()) {
    if (bundle.size() < length_size) return bad("cut short in a length");
    std::size_t size = (std::size_t{bundle[0]} << 8U) | bundle[1];
    bundle = bundle.subspan(length_size);
    if (bundle.size() < size) return bad("cut short in a record");
    if (records.size() == width) return bad("holds too many records");
    records.push_back(bundle.first(size));
    bundle = bundle.subspan(size);
  }
  if (records.size() != width) return bad("holds too few records");
  return records;
}

}  // namespace ppn::store
