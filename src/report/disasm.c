/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <Zydis/Zydis.h>
#include <elf.h>
#include <stdio.h>

#include "report/disasm.h"

static size_t of_x86(const uint8_t *bytes, size_t n, uint64_t vaddr, char *text)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisFormatter formatter;
	ZydisDecoder decoder;

	if (ZYAN_FAILED(
		    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) ||
	    ZYAN_FAILED(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL)) ||
	    ZYAN_FAILED(ZydisFormatterSetProperty(&formatter,
						  ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
						  ZYDIS_PADDING_DISABLED)) ||
	    ZYAN_FAILED(ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING,
						  ZYDIS_PADDING_DISABLED)) ||
	    ZYAN_FAILED(ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE,
						  ZYAN_FALSE)) ||
	    ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, bytes, n, &insn, operands)) ||
	    ZYAN_FAILED(ZydisFormatterFormatInstruction(&formatter, &insn, operands,
							insn.operand_count_visible, text,
							DISASM_MAX, vaddr, ZYAN_NULL)))
		return 0;
	return insn.length;
}

size_t disasm(unsigned machine, const uint8_t *bytes, size_t n, uint64_t vaddr, char *text)
{
	size_t len = machine == EM_X86_64 ? of_x86(bytes, n, vaddr, text) : 0;

	/* Arm's have one length, but no decoder here */
	if (!len && machine == EM_AARCH64 && n >= 4) {
		snprintf(text, DISASM_MAX, ".inst 0x%02x%02x%02x%02x", bytes[3], bytes[2], bytes[1],
			 bytes[0]);
		return 4;
	}
	if (!len)
		snprintf(text, DISASM_MAX, ".byte 0x%02x", bytes[0]);
	return len ? len : 1;
}
