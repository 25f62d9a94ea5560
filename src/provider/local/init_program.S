# SPDX-License-Identifier: Apache-2.0
        .section .rodata
        .balign 16
        .globl warren_init_begin
warren_init_begin:
        .incbin WARREN_INIT
        .globl warren_init_end
warren_init_end:
        .section .note.GNU-stack,"",@progbits
