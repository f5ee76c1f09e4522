// Verifies an exported ledger with the note and tlog packages of the Go
// project: code that shares nothing with ours.
//
//	verify_export DIRECTORY VERIFIER_KEY
//
// It knows records as bytes only: what is in them is not its business.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	proofEvery = 1000
	// The tlog package reads tree notes of one origin only.
	treeHeader = "go.sum database tree\n"
)

// exportedTiles reads tiles from the files of an export. Each tile is read and
// authenticated once: TileHashReader hands over what it has authenticated.
type exportedTiles struct {
	directory     string
	authenticated map[tlog.Tile][]byte
}

// file of a tile: Go names its height too, an export does not.
func (tiles *exportedTiles) file(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	if tile.L < 0 {
		path = "entries" + strings.TrimPrefix(path, "data")
	}
	return filepath.Join(tiles.directory, "tile", filepath.FromSlash(path))
}

func (tiles *exportedTiles) Height() int { return tileHeight }

func (tiles *exportedTiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, tile := range wanted {
		if known, ok := tiles.authenticated[tile]; ok {
			data[i] = known
			continue
		}
		read, err := os.ReadFile(tiles.file(tile))
		if err != nil {
			return nil, err
		}
		data[i] = read
	}
	return data, nil
}

func (tiles *exportedTiles) SaveTiles(saved []tlog.Tile, data [][]byte) {
	for i, tile := range saved {
		tiles.authenticated[tile] = data[i]
	}
}

// readTree opens the checkpoint with the one key that is trusted.
func readTree(directory, key string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("the verifier key: %w", err)
	}
	message, err := os.ReadFile(filepath.Join(directory, "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	origin, rest, _ := strings.Cut(opened.Text, "\n")
	if origin != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint: it is of %s", origin)
	}
	tree, err := tlog.ParseTree([]byte(treeHeader + rest))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	if tree.N == 0 {
		return tlog.Tree{}, fmt.Errorf("checkpoint: it is of no entries")
	}
	return tree, nil
}

// splitBundle parts an entry bundle into its records, exactly `width`.
func splitBundle(bundle []byte, width int) ([][]byte, error) {
	var records [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return nil, fmt.Errorf("cut short in a length")
		}
		size := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+size {
			return nil, fmt.Errorf("cut short in a record")
		}
		records = append(records, bundle[2:2+size])
		bundle = bundle[2+size:]
	}
	if len(records) != width {
		return nil, fmt.Errorf("%d records where %d are due",
			len(records), width)
	}
	return records, nil
}

// checkBundle compares the records of a bundle with the authenticated leaves,
// and proves every so many of them.
func checkBundle(tiles *exportedTiles, tree tlog.Tree, tile tlog.Tile,
	hashes tlog.HashReader) (proved int, err error) {
	data, err := os.ReadFile(tiles.file(tile))
	if err != nil {
		return 0, err
	}
	records, err := splitBundle(data, tile.W)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", tiles.file(tile), err)
	}
	first := tile.N * tileWidth
	indexes := make([]int64, len(records))
	for i := range records {
		indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
	}
	leaves, err := hashes.ReadHashes(indexes)
	if err != nil {
		return 0, fmt.Errorf("the leaves from %d on: %w", first, err)
	}
	for i, record := range records {
		place := first + int64(i)
		leaf := tlog.RecordHash(record)
		if leaf != leaves[i] {
			return 0, fmt.Errorf("entry %d: it is not the one in the tree",
				place)
		}
		if place%proofEvery != 0 {
			continue
		}
		proof, err := tlog.ProveRecord(tree.N, place, hashes)
		if err == nil {
			err = tlog.CheckRecord(proof, tree.N, tree.Hash, place, leaf)
		}
		if err != nil {
			return 0, fmt.Errorf("entry %d: inclusion: %w", place, err)
		}
		proved++
	}
	return proved, nil
}

func checkRecords(tiles *exportedTiles, tree tlog.Tree,
	hashes tlog.HashReader) (proved int, err error) {
	for first := int64(0); first < tree.N; first += tileWidth {
		width := int64(tileWidth)
		if tree.N-first < width {
			width = tree.N - first
		}
		tile := tlog.Tile{
			H: tileHeight, L: -1, N: first / tileWidth, W: int(width)}
		more, err := checkBundle(tiles, tree, tile, hashes)
		if err != nil {
			return 0, err
		}
		proved += more
	}
	return proved, nil
}

// checkGrowth proves that the first half of the log is a prefix of it. The
// root of the half is made from the authenticated tiles.
func checkGrowth(tree tlog.Tree, hashes tlog.HashReader) (int64, error) {
	half := tree.N / 2
	if half == 0 {
		return 0, nil
	}
	root, err := tlog.TreeHash(half, hashes)
	if err != nil {
		return 0, err
	}
	proof, err := tlog.ProveTree(tree.N, half, hashes)
	if err != nil {
		return 0, err
	}
	return half, tlog.CheckTree(proof, tree.N, tree.Hash, half, root)
}

func verify(directory, key string) error {
	tree, err := readTree(directory, key)
	if err != nil {
		return err
	}
	fmt.Printf("checkpoint   %d entries, root %v\n", tree.N, tree.Hash)
	tiles := &exportedTiles{directory, map[tlog.Tile][]byte{}}
	hashes := tlog.TileHashReader(tree, tiles)
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the tiles do not make the checkpoint's root")
	}
	proved, err := checkRecords(tiles, tree, hashes)
	if err != nil {
		return err
	}
	fmt.Printf("records      %d, each the one in the tree\n", tree.N)
	fmt.Printf("inclusion    %d proofs\n", proved)
	half, err := checkGrowth(tree, hashes)
	if err != nil {
		return fmt.Errorf("consistency of %d and %d: %w", tree.N/2, tree.N,
			err)
	}
	fmt.Printf("consistency  of %d and %d entries\n", half, tree.N)
	fmt.Printf("tiles        %d\n", len(tiles.authenticated))
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: verify_export DIRECTORY VERIFIER_KEY")
		os.Exit(2)
	}
	if err := verify(os.Args[1], os.Args[2]); err != nil {
		fmt.Println("INVALID:", err)
		os.Exit(1)
	}
	fmt.Println("VALID:", os.Args[1])
}
