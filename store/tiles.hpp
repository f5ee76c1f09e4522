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

/// Tiles in a row, the partial one last. None is kept, so that a size which a
/// stranger claims costs nothing.
class Tiles {
 public:
  /// All that hold `hashes` hashes or records.
  explicit Tiles(std::uint64_t hashes) : hashes_(hashes) {}

  class Iterator {
   public:
    Iterator(const Tiles& tiles, std::uint64_t index)
        : tiles_(&tiles), index_(index) {}
    TileAddress operator*() const { return (*tiles_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Tiles* tiles_;
    std::uint64_t index_;
  };

  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] bool empty() const { return hashes_ == 0; }
  /// `index` is below size().
  TileAddress operator[](std::uint64_t index) const;
  [[nodiscard]] TileAddress back() const { return (*this)[size() - 1]; }
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size()}; }

 private:
  std::uint64_t hashes_;
};

/// The tiles of one level that a tree of `size` leaves has. Level 0 is also
/// that of the bundles.
Tiles tiles_of_level(std::uint8_t level, std::uint64_t size);

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
