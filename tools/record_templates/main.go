// Records what Go's text/template makes of the cases in test/template/cases.txt, so that our interpreter is compared with
// it where there is no Go. Run it in this folder after a change of the cases:
//
//	go run . ../../test/template/cases.txt > ../../test/template/recorded.json
//
// confd's functions are given here by the functions of Go's library that confd's documentation names.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"sort"
	"strconv"
	"strings"
	"text/template"
)

type testCase struct {
	Name     string            `json:"name"`
	Data     json.RawMessage   `json:"data,omitempty"`
	Keys     map[string]string `json:"keys,omitempty"`
	Option   string            `json:"option,omitempty"`
	Template string            `json:"template"`
	Output   *string           `json:"output,omitempty"`
	Error    *string           `json:"error,omitempty"`
}

// KVPair stands where confd has memkv.KVPair; its printed type is mended in the output.
type KVPair struct{ Key, Value string }
type KVPairs []KVPair

func names(set map[string]bool) []string {
	list := []string{}
	for name := range set {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

func keyFunctions(keys map[string]string) template.FuncMap {
	missing := func(key string) error { return errors.New("key does not exist: " + key) }
	match := func(pattern string) (KVPairs, error) {
		found := KVPairs{}
		for key, value := range keys {
			ok, err := path.Match(pattern, key)
			if err != nil {
				return nil, err
			}
			if ok {
				found = append(found, KVPair{key, value})
			}
		}
		sort.Slice(found, func(i, j int) bool { return found[i].Key < found[j].Key })
		return found, nil
	}
	return template.FuncMap{
		"exists": func(key string) bool { _, ok := keys[key]; return ok },
		"get": func(key string) (KVPair, error) {
			if value, ok := keys[key]; ok {
				return KVPair{key, value}, nil
			}
			return KVPair{}, missing(key)
		},
		"getv": func(key string, otherwise ...string) (string, error) {
			if value, ok := keys[key]; ok {
				return value, nil
			}
			if len(otherwise) > 0 {
				return otherwise[0], nil
			}
			return "", missing(key)
		},
		"gets": match,
		"getvs": func(pattern string) ([]string, error) {
			pairs, err := match(pattern)
			values := []string{}
			for _, pair := range pairs {
				values = append(values, pair.Value)
			}
			sort.Strings(values)
			return values, err
		},
		"ls": func(folder string) []string {
			folder = path.Clean("/" + folder)
			set := map[string]bool{}
			for key := range keys {
				if key == folder {
					set[path.Base(key)] = true
				} else if rest, ok := strings.CutPrefix(key, strings.TrimSuffix(folder, "/")+"/"); ok {
					set[strings.Split(rest, "/")[0]] = true
				}
			}
			return names(set)
		},
		"lsdir": func(folder string) []string {
			folder = path.Clean("/" + folder)
			set := map[string]bool{}
			for key := range keys {
				if rest, ok := strings.CutPrefix(key, strings.TrimSuffix(folder, "/")+"/"); ok && strings.Contains(rest, "/") {
					set[strings.Split(rest, "/")[0]] = true
				}
			}
			return names(set)
		},
	}
}

func otherFunctions() template.FuncMap {
	return template.FuncMap{
		"base": path.Base, "dir": path.Dir, "split": strings.Split, "join": strings.Join,
		"toUpper": strings.ToUpper, "toLower": strings.ToLower, "contains": strings.Contains, "replace": strings.Replace,
		"hasSuffix": strings.HasSuffix, "trimSuffix": strings.TrimSuffix, "parseBool": strconv.ParseBool, "atoi": strconv.Atoi,
		"add": func(a, b int) int { return a + b }, "sub": func(a, b int) int { return a - b },
		"mul": func(a, b int) int { return a * b }, "div": func(a, b int) int { return a / b }, "mod": func(a, b int) int { return a % b },
		"seq": func(first, last int) []int {
			list := []int{}
			for i := first; i <= last; i++ {
				list = append(list, i)
			}
			return list
		},
		"json": func(text string) (map[string]interface{}, error) {
			var value map[string]interface{}
			err := json.Unmarshal([]byte(text), &value)
			return value, err
		},
		"jsonArray": func(text string) ([]interface{}, error) {
			var value []interface{}
			err := json.Unmarshal([]byte(text), &value)
			return value, err
		},
		"map": func(values ...interface{}) (map[string]interface{}, error) {
			if len(values)%2 != 0 {
				return nil, errors.New("invalid map call")
			}
			made := map[string]interface{}{}
			for i := 0; i < len(values); i += 2 {
				key, ok := values[i].(string)
				if !ok {
					return nil, errors.New("map keys must be strings")
				}
				made[key] = values[i+1]
			}
			return made, nil
		},
		"base64Encode": func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) },
		"base64Decode": func(text string) (string, error) {
			bytes, err := base64.StdEncoding.DecodeString(text)
			return string(bytes), err
		},
		"sortByLength": func(list []string) []string {
			sort.SliceStable(list, func(i, j int) bool { return len(list[i]) < len(list[j]) })
			return list
		},
		"sortKVByLength": func(list []KVPair) []KVPair {
			sort.SliceStable(list, func(i, j int) bool { return len(list[i].Key) < len(list[j].Key) })
			return list
		},
		"reverse": func(value interface{}) interface{} {
			if list, ok := value.([]string); ok {
				for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
					list[i], list[j] = list[j], list[i]
				}
			}
			return value
		},
	}
}

func record(c *testCase) error {
	var data interface{}
	if len(c.Data) > 0 {
		if err := json.Unmarshal(c.Data, &data); err != nil {
			return fmt.Errorf("%s: data: %v", c.Name, err)
		}
	}
	mend := func(text string) *string {
		text = strings.ReplaceAll(text, "main.KVPair", "memkv.KVPair")
		return &text
	}
	t := template.New("t").Funcs(keyFunctions(c.Keys)).Funcs(otherFunctions())
	if c.Option != "" {
		t = t.Option(c.Option)
	}
	t, err := t.Parse(c.Template)
	var out strings.Builder
	if err == nil {
		err = t.Execute(&out, data)
	}
	if err != nil {
		c.Error = mend(err.Error())
	} else {
		c.Output = mend(out.String())
	}
	return nil
}

// A case is "== name", then perhaps lines "data: JSON", "option: …", "key: /path value", then "--" and the template up to the next "== ".
// The template's last newline is not part of it.
func read(file string) ([]*testCase, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	var cases []*testCase
	var c *testCase
	inTemplate := false
	scanner := bufio.NewScanner(opened)
	for scanner.Scan() {
		line := scanner.Text()
		switch {
		case strings.HasPrefix(line, "== "):
			c = &testCase{Name: line[3:]}
			cases = append(cases, c)
			inTemplate = false
		case c == nil || (!inTemplate && line == ""):
		case inTemplate:
			c.Template += line + "\n"
		case line == "--":
			inTemplate = true
		case strings.HasPrefix(line, "data: "):
			c.Data = json.RawMessage(line[6:])
		case strings.HasPrefix(line, "option: "):
			c.Option = line[8:]
		case strings.HasPrefix(line, "key: "):
			if c.Keys == nil {
				c.Keys = map[string]string{}
			}
			key, value, _ := strings.Cut(line[5:], " ")
			c.Keys[key] = value
		default:
			return nil, fmt.Errorf("%s: what is %q?", c.Name, line)
		}
	}
	for _, c := range cases {
		c.Template = strings.TrimSuffix(c.Template, "\n")
	}
	return cases, scanner.Err()
}

func main() {
	cases, err := read(os.Args[1])
	for _, c := range cases {
		if err == nil {
			err = record(c)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("[")
	for i, c := range cases {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		fmt.Print(map[bool]string{true: " ", false: ","}[i == 0])
		encoder.Encode(c)
	}
	fmt.Println("]")
}
