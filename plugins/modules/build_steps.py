# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
# Apache-2.0 is compatible with the GNU General Public License v3.0, the license of ansible-core.
"""Documentation of the action `llmops.vllm.build_steps`, which runs in the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: build_steps
short_description: Internal to the role local_cluster, runs shell steps once each in their order
version_added: 1.0.0
description:
  - >-
    Internal to the role P(llmops.vllm.local_cluster#role), which builds and starts a cluster with
    it. It may change or go without notice, in any version. Do not use it in plays of your own.
  - >-
    Each step is a shell command with a name. A step that has succeeded is not run again until its
    text, the content of its inputs or a step that it needs changes, or until its check fails.
  - >-
    Steps that do not need each other run side by side. A line is printed when a step starts, one
    with its time when it ends, and one about every 30 seconds in between. When a step fails, the
    others are ended and the end of its log is shown.
  - A step that was interrupted or has failed is run again by the next call; the others are kept.
author:
  - The llmops.vllm contributors (@llmops)
options:
  steps:
    description: The steps, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the step, also of its log and its stamp.
        type: str
        required: true
      run:
        description: The command, for C(bash -c). Its step's digest is in E(STEP_DIGEST).
        type: str
        required: true
      title:
        description: What the step does, for the list that is printed before anything is run.
        type: str
        default: ""
      needs:
        description: Names of steps that have to be done first.
        type: list
        elements: str
        default: []
      inputs:
        description: Files and directories whose content decides whether the step is run again.
        type: list
        elements: str
        default: []
      check:
        description: A quick command that fails if the step's result is not there any more.
        type: str
        default: ""
      about_seconds:
        description: How long the step takes, roughly; C(0) if that is not worth a word.
        type: int
        default: 0
  state_dir:
    description: The directory for stamps and logs. Only one run at a time uses it.
    type: path
    required: true
  variables:
    description: Environment variables for the commands, in addition to those of Ansible.
    type: dict
    default: {}
  jobs:
    description: How many steps run at once.
    type: int
    default: 2
attributes:
  check_mode:
    description: Says which steps are missing and runs none. Checks are run.
    support: full
  diff_mode:
    description: Shows what would change in the files of the target.
    support: none
  action:
    description: Works in the controller; the target's connection is not used.
    support: full
"""

EXAMPLES = r"""
- name: Build a program and pack it
  llmops.vllm.build_steps:
    state_dir: ~/.cache/example/state
    steps:
      - name: program
        title: compile the program
        run: cc -o /tmp/program /srv/src/program.c
        inputs: [/srv/src/program.c]
        check: test -x /tmp/program
      - name: archive
        run: tar -cf /tmp/program.tar -C /tmp program
        needs: [program]
"""

RETURN = r"""
steps:
  description: What became of each step, in the order they were done.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the step.
      type: str
      returned: always
    outcome:
      description: C(built), C(kept), or in check mode C(missing).
      type: str
      returned: always
    seconds:
      description: How long it took.
      type: float
      returned: always
"""
