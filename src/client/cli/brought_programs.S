# SPDX-License-Identifier: Apache-2.0
        .section .rodata

# A program, found in the directories that the assembler was given, between two symbols.
        .macro bring label, file
        .balign 16
        .globl brought_\label\()_begin
brought_\label\()_begin:
        .incbin "\file"
        .globl brought_\label\()_end
brought_\label\()_end:
        .endm

        bring engine, "warrend"
        bring gateway, "warren-gateway"
        bring relay, "warren-remote"
        bring certs, "warren-certs"
        .section .note.GNU-stack,"",@progbits
