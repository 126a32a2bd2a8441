/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions as text. */
#ifndef REPORT_DISASM_H
#define REPORT_DISASM_H

#include <stddef.h>
#include <stdint.h>

#define DISASM_MAX 160

/* The instruction in bytes[0, n), at 'vaddr', of the ELF machine: "mov rax, [rdi]" in 'text' of
 * DISASM_MAX bytes. Returns its length; where that is not known it is 1, and the text the byte. */
size_t disasm(unsigned machine, const uint8_t *bytes, size_t n, uint64_t vaddr, char *text);

#endif
