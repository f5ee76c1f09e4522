// Tiles: a path names one tile and can be read back, and the tiles of a level
// hold each of its hashes once, however large the tree is said to be.
#include "store/tiles.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

/// The index that a path says after `prefix`, read as tlog-tiles has it.
std::uint64_t index_in(std::string_view path, std::string_view prefix) {
  require(path.starts_with(prefix), "a path begins with what it is of");
  path.remove_prefix(prefix.size());
  std::uint64_t index = 0;
  bool last = false;
  while (!last) {
    last = !path.starts_with('x');
    if (!last) path.remove_prefix(1);
    for (int i = 0; i < 3; ++i, path.remove_prefix(1)) {
      require(!path.empty() && path[0] >= '0' && path[0] <= '9',
              "a path has three digits in a group");
      index = index * 10 + static_cast<std::uint64_t>(path[0] - '0');
    }
    if (!last) {
      require(path.starts_with('/'), "a slash parts two groups");
      path.remove_prefix(1);
    }
  }
  return index;
}

void check_path(std::uint8_t level, const store::TileAddress& tile) {
  auto suffix = tile.width == store::tile_width
                    ? std::string{}
                    : ".p/" + std::to_string(tile.width);
  auto path = store::tile_path(level, tile);
  auto prefix = "tile/" + std::to_string(level) + "/";
  require(index_in(path, prefix) == tile.index && path.ends_with(suffix),
          "a tile has one path");
  path = store::bundle_path(tile);
  require(
      index_in(path, "tile/entries/") == tile.index && path.ends_with(suffix),
      "a bundle has one path");
}

}  // namespace

void run(ByteView input) {
  Input parts{input};
  auto size = parts.number();
  auto index = parts.number();
  for (std::uint8_t level = 0; level < store::tile_levels; ++level) {
    auto tiles = store::tiles_of_level(level, size);
    if (tiles.empty()) break;
    require((tiles.size() - 1) * store::tile_width + tiles.back().width ==
                size >> (8U * level),
            "tiles hold each hash of a level once");
    auto tile = tiles[index % tiles.size()];
    require(tile.index == tiles.size() - 1 || tile.width == store::tile_width,
            "only the last tile is partial");
    check_path(level, tile);
    check_path(level, tiles.back());
  }
}

}  // namespace ppn::fuzz
