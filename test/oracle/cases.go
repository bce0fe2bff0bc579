package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/containers/common/pkg/hooks"
	rspec "github.com/opencontainers/runtime-spec/specs-go"
)

// request is one line of input. Op is "inject", "hooks" or "regexp".
type request struct {
	Op string `json:"op"`

	// inject: the directories have been written already; annotations are the config's own.
	Directories     []string `json:"directories"`
	ExtensionStages []string `json:"extensionStages"`
	HasBindMounts   bool     `json:"hasBindMounts"`

	// inject, hooks: a config.json as text.
	Config string `json:"config"`

	// regexp
	Pattern  string   `json:"pattern"`
	Subjects []string `json:"subjects"`
}

// answer is one line of output. Hooks is null when the config has none at all.
type answer struct {
	Error     string            `json:"error,omitempty"`
	During    string            `json:"during,omitempty"` // the step that failed: load, config or match
	Files     []file            `json:"files,omitempty"`
	Hooks     map[string][]hook `json:"hooks"`
	Extension map[string][]hook `json:"extension"`
	Matched   []bool            `json:"matched,omitempty"`
}

// hook is rspec.Hook with the timeout as text, so that an int64 survives readers whose numbers are doubles.
type hook struct {
	Path    string   `json:"path"`
	Args    []string `json:"args,omitempty"`
	Env     []string `json:"env,omitempty"`
	Timeout string   `json:"timeout,omitempty"`
}

func answerCases(in io.Reader, out io.Writer) error {
	requests := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	lines := bufio.NewWriterSize(out, 1<<20)
	defer lines.Flush()
	answers := json.NewEncoder(lines)
	for {
		var r request
		if err := requests.Decode(&r); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := answers.Encode(answerOne(&r)); err != nil {
			return err
		}
	}
}

func answerOne(r *request) *answer {
	switch r.Op {
	case "inject":
		return answerInject(r)
	case "hooks":
		return answerHooks(r)
	case "regexp":
		return answerRegexp(r)
	}
	return &answer{Error: fmt.Sprintf("unknown op %q", r.Op)}
}

func answerInject(r *request) *answer {
	a := &answer{}
	for _, directory := range r.Directories {
		a.Files = append(a.Files, readEach(directory, r.ExtensionStages)...)
	}
	manager, err := hooks.New(context.Background(), r.Directories, r.ExtensionStages)
	if err != nil {
		return a.failed("load", err)
	}
	var config rspec.Spec
	if err := json.Unmarshal([]byte(r.Config), &config); err != nil {
		return a.failed("config", err)
	}
	extension, err := manager.Hooks(&config, config.Annotations, r.HasBindMounts)
	if err != nil {
		return a.failed("match", err)
	}
	a.Hooks = stagesOf(config.Hooks)
	a.Extension = map[string][]hook{}
	for stage, entries := range extension {
		a.Extension[stage] = hooksOf(entries)
	}
	return a
}

func answerHooks(r *request) *answer {
	a := &answer{}
	var config rspec.Spec
	if err := json.Unmarshal([]byte(r.Config), &config); err != nil {
		return a.failed("config", err)
	}
	a.Hooks = stagesOf(config.Hooks)
	return a
}

func answerRegexp(r *request) *answer {
	a := &answer{}
	pattern, err := regexp.Compile(r.Pattern)
	if err != nil {
		a.Error = err.Error()
		return a
	}
	for _, subject := range r.Subjects {
		a.Matched = append(a.Matched, pattern.MatchString(subject))
	}
	return a
}

func (a *answer) failed(during string, err error) *answer {
	a.During = during
	a.Error = err.Error()
	return a
}

func stagesOf(h *rspec.Hooks) map[string][]hook {
	if h == nil {
		return nil
	}
	stages := map[string][]hook{}
	for stage, entries := range map[string][]rspec.Hook{
		"prestart":        h.Prestart,
		"createRuntime":   h.CreateRuntime,
		"createContainer": h.CreateContainer,
		"startContainer":  h.StartContainer,
		"poststart":       h.Poststart,
		"poststop":        h.Poststop,
	} {
		if len(entries) > 0 {
			stages[stage] = hooksOf(entries)
		}
	}
	return stages
}

func hooksOf(entries []rspec.Hook) []hook {
	result := []hook{}
	for _, entry := range entries {
		h := hook{Path: entry.Path, Args: entry.Args, Env: entry.Env}
		if entry.Timeout != nil {
			h.Timeout = strconv.Itoa(*entry.Timeout)
		}
		result = append(result, h)
	}
	return result
}
