# Fuzz targets: tests/fuzz/NAME.c against tests/fuzz/corpus/NAME. `make fuzz [FUZZ_SECONDS=30]` runs each in turn; needs clang with libFuzzer.
# Finds stay in build/fuzz/NAME-*; what is found becomes a file of the corpus when it is mended.
FUZZ_SECONDS ?= 30
FUZZ_CC := clang
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_PROTOCOLS := model convert scalar protocol protocol_json protocol_query protocol_rest protocol_rest_answer protocol_xml route validate support constraint query_tree
FUZZ_SOURCES := $(wildcard emulator/base/*.c) $(FUZZ_PROTOCOLS:%=emulator/aws/%.c) $(wildcard services/*/*_model.c) services/s3/chunked.c services/s3/range.c services/apigw/event.c emulator/aws/signature.c
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.c=build/fuzz/%.o)
FUZZ_FLAGS := -std=c11 -D_GNU_SOURCE -I. -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

build/fuzz/fuzz_%: tests/fuzz/%.c $(FUZZ_OBJECTS)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(FUZZ_OBJECTS) -lcjson -luuid -lcrypto -lz -lexpat -lpcre2-8 -lm

.SECONDARY: $(FUZZ_OBJECTS)

# New inputs go to build/fuzz/corpus; the committed corpus is only read.
.PHONY: fuzz
fuzz: $(FUZZ_NAMES:%=build/fuzz/fuzz_%)
	@for name in $(FUZZ_NAMES); do \
	  mkdir -p build/fuzz/corpus/$$name; \
	  echo "fuzz $$name: $(FUZZ_SECONDS) s"; \
	  build/fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz/$$name- build/fuzz/corpus/$$name tests/fuzz/corpus/$$name || exit 1; \
	done

-include $(FUZZ_OBJECTS:.o=.d) $(FUZZ_NAMES:%=build/fuzz/fuzz_%.d)
