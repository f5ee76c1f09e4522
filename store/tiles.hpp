// C2SP tlog-tiles: how a log lies in files. A tile holds 256 hashes of one
// level in a row, an entry bundle 256 records; the last of each may hold fewer.
#pragma once

#include <string>
#include <vector>

#include "store/result.hpp"
#include "store/tree.hpp"

namespace ppn::store {

inline constexpr std::uint64_t tile_width = 256;
inline constexpr std::uint8_t tile_levels = 8;

/// `width` hashes or records of tile `index`; a whole tile has tile_width.
struct TileAddress {
  std::uint64_t index = 0;
  std::uint64_t width = tile_width;
};

/// `tile/<level>/<index>`, with `.p/<width>` if it is partial.
std::string tile_path(std::uint8_t level, const TileAddress& tile);

/// `tile/entries/<index>`, with `.p/<width>` if it is partial.
std::string bundle_path(const TileAddress& bundle);

/// The tiles of one level that a tree of `size` leaves has, the partial one
/// last. Level 0 is also that of the bundles.
std::vector<TileAddress> tiles_of_level(std::uint8_t level, std::uint64_t size);

/// The node whose hash is number `position` of a tile.
NodeAddress node_in_tile(std::uint8_t level, std::uint64_t tile_index,
                         std::uint64_t position);

/// Adds a record with its big-endian u16 length to a bundle.
void add_to_bundle(Bytes& bundle, ByteView record);

/// The records of a bundle that holds exactly `width`; bad_input if it does
/// not.
Result<std::vector<ByteView>> parse_bundle(ByteView bundle,
                                           std::uint64_t width);

}  // namespace ppn::store
