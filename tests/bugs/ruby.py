"""Small bugs in Ruby."""

from __future__ import annotations

from bugs.bug import project

RUBY = (
    project(
        "memo",
        "ruby",
        "wrong default",
        {
            "lib/settings.rb": r"""
            # Settings with defaults; what is computed is computed once.
            class Settings
              def initialize(values = {})
                @values = values
                @computed = {}
              end

              def fetch(name, default = nil)
                «@values[name] || default»«@values.fetch(name, default)»
              end

              def computed(name)
                «@computed[name] ||= yield(self)»«return @computed[name] if @computed.key?(name)

                @computed[name] = yield(self)»
              end
            end
            """,
        },
        tests={
            "test/settings_test.rb": r"""
            require "minitest/autorun"
            require "settings"

            class SettingsTest < Minitest::Test
              def test_values_and_defaults
                settings = Settings.new(size: 3)
                assert_equal 3, settings.fetch(:size, 1)
                assert_equal 1, settings.fetch(:other, 1)
              end

              def test_false_is_a_value
                assert_equal false, Settings.new(loud: false).fetch(:loud, true)
              end

              def test_computed_once
                settings = Settings.new
                calls = 0
                2.times { settings.computed(:sum) { calls += 1 } }
                assert_equal 1, calls
              end

              def test_nothing_is_computed_once_as_well
                settings = Settings.new
                calls = 0
                2.times do
                  settings.computed(:none) do
                    calls += 1
                    nil
                  end
                end
                assert_equal 1, calls
              end
            end
            """,
        },
    ),
    project(
        "matches",
        "ruby",
        "wrong value",
        {
            "lib/glob.rb": r"""
            # Patterns of paths: `*` within a folder, `**` across folders, `?` for one character.
            class Glob
              PARTS = { "**/" => "(?:.*/)?", "**" => ".*", "*" => "«.*»«[^/]*»", "?" => "[^/]" }.freeze

              def initialize(pattern)
                parts = pattern.scan(%r{\*\*/|\*\*|\*|\?|[^*?]+})
                @regexp = /\A#{parts.map { |part| PARTS.fetch(part) { Regexp.escape(part) } }.join}\z/
              end

              def match?(path)
                @regexp.match?(path)
              end
            end
            """,
            "lib/listing.rb": r"""
            require "glob"

            # Which of many paths are meant: those that one pattern matches and no other excludes.
            class Listing
              def initialize(wanted, unwanted = [])
                @wanted = wanted.map { |pattern| Glob.new(pattern) }
                @unwanted = unwanted.map { |pattern| Glob.new(pattern) }
              end

              def of(paths)
                paths.select { |path| any?(@wanted, path) && !any?(@unwanted, path) }
              end

              private

              def any?(globs, path)
                globs.any? { |glob| glob.match?(path) }
              end
            end
            """,
        },
        tests={
            "test/listing_test.rb": r"""
            require "minitest/autorun"
            require "listing"

            class ListingTest < Minitest::Test
              PATHS = ["a.rb", "lib/b.rb", "lib/c/d.rb", "lib/e.txt"].freeze

              def test_all_folders
                assert_equal ["a.rb", "lib/b.rb", "lib/c/d.rb"], Listing.new(["**/*.rb"]).of(PATHS)
              end

              def test_one_folder
                assert_equal ["lib/b.rb"], Listing.new(["lib/*.rb"]).of(PATHS)
              end

              def test_excluded
                assert_equal ["a.rb"], Listing.new(["**/*.rb"], ["lib/**"]).of(PATHS)
              end

              def test_dots_are_dots
                assert_equal [], Listing.new(["a?rb", "lib/e.*t"], ["**/*.txt", "*.rb"]).of(PATHS)
              end
            end
            """,
        },
    ),
    project(
        "wrapping",
        "ruby",
        "off by one",
        {
            "lib/wrap.rb": r"""
            # Breaks a text into lines of at most so many characters, between words.
            module Wrap
              def self.lines(text, width)
                text.split.each_with_object([]) do |word, lines|
                  if lines.any? && lines.last.length + word.length«»« + 1» <= width
                    lines.last << " " << word
                  else
                    lines << word.dup
                  end
                end
              end
            end
            """,
        },
        tests={
            "test/wrap_test.rb": r"""
            require "minitest/autorun"
            require "wrap"

            class WrapTest < Minitest::Test
              def test_short
                assert_equal ["a b"], Wrap.lines("a  b", 10)
              end

              def test_exactly
                assert_equal ["one two", "three"], Wrap.lines("one two three", 7)
              end

              def test_no_line_is_longer
                assert_equal %w[abc de fgh], Wrap.lines("abc de fgh", 5)
              end

              def test_a_long_word_stands_alone
                assert_equal %w[a bbbbbb c], Wrap.lines("a bbbbbb c", 3)
              end
            end
            """,
        },
    ),
)
