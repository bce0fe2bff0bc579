package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/containers/common/pkg/hooks"
)

// file is what the reference says of one file of a directory, read by itself.
//
// The reference joins a directory's errors so that one missing hook path may hide the others; asked file by file it
// hides nothing across files. Within one file it still stops at the first error: of a definition whose path is
// missing, Other holds what it would have said next.
type file struct {
	Path    string `json:"path"`
	Name    string `json:"name"`
	Lower   string `json:"lower"` // strings.ToLower(name), what the reference sorts by
	Error   string `json:"error,omitempty"`
	Missing bool   `json:"missing,omitempty"` // hook.path does not exist: dropped without a word
	Other   string `json:"other,omitempty"`
	Ignored bool   `json:"ignored,omitempty"` // not *.json, or vanished
}

func readEach(directory string, extensionStages []string) []file {
	entries, err := os.ReadDir(directory)
	if err != nil {
		// hooks.New answers for the directory itself.
		return nil
	}
	files := []file{}
	for _, entry := range entries {
		path := filepath.Join(directory, entry.Name())
		f := file{Path: path, Name: entry.Name(), Lower: strings.ToLower(entry.Name())}
		_, err := hooks.Read(path, extensionStages)
		var pathError *os.PathError
		switch {
		case err == nil:
		case errors.Is(err, hooks.ErrNoJSONSuffix):
			f.Ignored = true
		case errors.Is(err, os.ErrNotExist) && errors.As(err, &pathError) && pathError.Path == path:
			f.Ignored = true
		case errors.Is(err, os.ErrNotExist):
			f.Missing = true
			f.Other = errorBeyondPath(path, extensionStages)
		default:
			f.Error = err.Error()
		}
		files = append(files, f)
	}
	return files
}

// errorBeyondPath validates a definition as if its hook.path existed.
func errorBeyondPath(path string, extensionStages []string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	var document struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return err.Error()
	}
	definition, err := hooks.Readers[document.Version](content)
	if err != nil {
		return err.Error()
	}
	definition.Hook.Path = "/"
	if err := definition.Validate(extensionStages); err != nil {
		return err.Error()
	}
	return ""
}
