#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed_openapi.py openapi.json OUT.c VERSION: the document as a C file, compact, with the version put in.

Reading it here also shows at build time that it is JSON."""
import json
import sys

source, target, version = sys.argv[1:]
with open(source, encoding='utf-8') as file:
    document = json.load(file)
document['info']['version'] = version
text = json.dumps(document, ensure_ascii=False, separators=(',', ':')).encode()
rows = [', '.join(str(byte) for byte in text[i:i + 24]) for i in range(0, len(text), 24)]
with open(target, 'w', encoding='utf-8') as file:
    file.write('/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by embed_openapi.py. */\n'
               '#include "http/openapi_text.h"\n\nstatic const unsigned char text[] = {\n    '
               + ',\n    '.join(rows)
               + '\n};\n\nstruct str openapi_text(void)\n{\n'
               '    return (struct str){ (const char *) text, sizeof text };\n}\n')
