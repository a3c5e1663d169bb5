"""Small bugs in C."""

from __future__ import annotations

from bugs.bug import project

C = (
    project(
        "strings",
        "c",
        "off by one",
        {
            "src/buffer.h": r"""
            #ifndef BUFFER_H
            #define BUFFER_H
            #include <stddef.h>

            /* A text that grows; it always ends with a NUL. */
            struct buffer {
                char *text;
                size_t length, room;
            };

            int buffer_add(struct buffer *buffer, const char *text);
            void buffer_free(struct buffer *buffer);
            #endif
            """,
            "src/buffer.c": r"""
            #include "buffer.h"

            #include <stdlib.h>
            #include <string.h>

            int buffer_add(struct buffer *buffer, const char *text) {
                size_t more = strlen(text);
                size_t needed = buffer->length + more + 1;
                if (needed > buffer->room) {
                    size_t room = buffer->room ? buffer->room : 8;
                    while (room < needed)
                        room *= 2;
                    char *grown = realloc(buffer->text, room);
                    if (!grown)
                        return -1;
                    buffer->text = grown;
                    buffer->room = room;
                }
                memcpy(buffer->text + buffer->length, text, more + 1);
                buffer->length += more« + 1»«»;
                return 0;
            }

            void buffer_free(struct buffer *buffer) {
                free(buffer->text);
                *buffer = (struct buffer){0};
            }
            """,
        },
        tests={
            "tests/tests.c": r"""
            #include <string.h>

            #include "buffer.h"
            #include "tap.h"

            int main(void) {
                struct buffer buffer = {0};
                CHECK(buffer_add(&buffer, "one") == 0, "it takes a text");
                CHECK(strcmp(buffer.text, "one") == 0, "one text");
                buffer_add(&buffer, ", two");
                CHECK(strcmp(buffer.text, "one, two") == 0, "two texts");
                for (int at = 0; at < 100; at++)
                    buffer_add(&buffer, "x");
                CHECK(buffer.length == 108, "its length");
                buffer_free(&buffer);
                CHECK(buffer.text == NULL, "it is empty again");
                return DONE();
            }
            """,
        },
    ),
    project(
        "numbers",
        "c",
        "error handling",
        {
            "src/number.h": r"""
            #ifndef NUMBER_H
            #define NUMBER_H

            enum number_error { NUMBER_OK, NUMBER_EMPTY, NUMBER_NOT_ONE, NUMBER_RANGE };

            enum number_error number_read(const char *text, int *value);
            #endif
            """,
            "src/number.c": r"""
            #include "number.h"

            #include <ctype.h>
            #include <limits.h>

            /* Decimal, with a sign, and nothing else in it. */
            enum number_error number_read(const char *text, int *value) {
                int negative = *text == '-';
                long long sum = 0;
                if (*text == '-' || *text == '+')
                    text++;
                if (!*text)
                    return NUMBER_EMPTY;
                for (; *text; text++) {
                    if (!isdigit((unsigned char)*text))
                        return NUMBER_NOT_ONE;
                    sum = sum * 10 + (*text - '0');
                    if (sum > «INT_MAX»«(long long)INT_MAX + negative»)
                        return NUMBER_RANGE;
                }
                *value = (int)(negative ? -sum : sum);
                return NUMBER_OK;
            }
            """,
        },
        tests={
            "tests/tests.c": r"""
            #include <limits.h>

            #include "number.h"
            #include "tap.h"

            int main(void) {
                int value = 7;
                CHECK(number_read("42", &value) == NUMBER_OK && value == 42, "a number");
                CHECK(number_read("-5", &value) == NUMBER_OK && value == -5, "a negative one");
                CHECK(number_read("", &value) == NUMBER_EMPTY, "nothing");
                CHECK(number_read("4x", &value) == NUMBER_NOT_ONE && value == -5, "no number");
                CHECK(number_read("2147483647", &value) == NUMBER_OK && value == INT_MAX, "the largest");
                CHECK(number_read("2147483648", &value) == NUMBER_RANGE, "too large");
                CHECK(number_read("-2147483648", &value) == NUMBER_OK && value == INT_MIN, "the smallest");
                CHECK(number_read("-2147483649", &value) == NUMBER_RANGE, "too small");
                return DONE();
            }
            """,
        },
    ),
    project(
        "bits",
        "c",
        "wrong operator",
        {
            "src/bits.h": r"""
            #ifndef BITS_H
            #define BITS_H
            #include <stdint.h>

            /* Sets of the numbers from 0 to 127. */
            struct bits {
                uint64_t words[2];
            };

            void bits_add(struct bits *bits, unsigned number);
            void bits_drop(struct bits *bits, unsigned number);
            int bits_has(const struct bits *bits, unsigned number);
            unsigned bits_count(const struct bits *bits);
            #endif
            """,
            "src/bits.c": r"""
            #include "bits.h"

            static uint64_t bit(unsigned number) {
                return UINT64_C(1) << (number % 64);
            }

            void bits_add(struct bits *bits, unsigned number) {
                bits->words[number / 64] |= bit(number);
            }

            void bits_drop(struct bits *bits, unsigned number) {
                bits->words[number / 64] «^= »«&= ~»bit(number);
            }

            int bits_has(const struct bits *bits, unsigned number) {
                return (bits->words[number / 64] & bit(number)) != 0;
            }
            """,
            "src/count.c": r"""
            #include "bits.h"

            unsigned bits_count(const struct bits *bits) {
                unsigned count = 0;
                for (int at = 0; at < 2; at++)
                    for (uint64_t word = bits->words[at]; word; word &= word - 1)
                        count++;
                return count;
            }
            """,
        },
        tests={
            "tests/tests.c": r"""
            #include "bits.h"
            #include "tap.h"

            int main(void) {
                struct bits bits = {{0, 0}};
                bits_add(&bits, 3);
                bits_add(&bits, 100);
                CHECK(bits_has(&bits, 3) && bits_has(&bits, 100), "what was added is there");
                CHECK(!bits_has(&bits, 36), "nothing else is");
                CHECK(bits_count(&bits) == 2, "how many");
                bits_drop(&bits, 3);
                CHECK(!bits_has(&bits, 3) && bits_count(&bits) == 1, "what was dropped is gone");
                bits_drop(&bits, 50);
                CHECK(!bits_has(&bits, 50) && bits_count(&bits) == 1, "what was not there stays away");
                return DONE();
            }
            """,
        },
    ),
    project(
        "paths",
        "c",
        "missing case",
        {
            "src/path.h": r"""
            #ifndef PATH_H
            #define PATH_H
            #include <stddef.h>

            const char *path_name(const char *path);
            const char *path_ending(const char *path);
            #endif
            """,
            "src/path.c": r"""
            #include "path.h"

            #include <string.h>

            /* What comes behind the last slash. */
            const char *path_name(const char *path) {
                const char *slash = strrchr(path, '/');
                return slash ? slash + 1 : path;
            }

            /* `.txt` of `a/b.txt`; empty where there is none: a name may begin with a dot. */
            const char *path_ending(const char *path) {
                const char *name = path_name(path);
                const char *dot = strrchr(«path»«name», '.');
                return dot«»« && dot != name» ? dot : "";
            }
            """,
        },
        tests={
            "tests/tests.c": r"""
            #include <string.h>

            #include "path.h"
            #include "tap.h"

            int main(void) {
                CHECK(!strcmp(path_name("a/b.txt"), "b.txt"), "a name");
                CHECK(!strcmp(path_name("b"), "b"), "a name alone");
                CHECK(!strcmp(path_ending("a/b.tar.gz"), ".gz"), "the last ending");
                CHECK(!strcmp(path_ending("b"), ""), "none");
                CHECK(!strcmp(path_ending("a.d/b"), ""), "a dot of a folder is none");
                CHECK(!strcmp(path_ending("a/.profile"), ""), "nor is one at the start");
                return DONE();
            }
            """,
        },
    ),
)
