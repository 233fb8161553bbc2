# The user's interactive shell.
case $- in *i*) ;; *) return ;; esac
HISTCONTROL=ignoreboth
HISTSIZE=5000
shopt -s checkwinsize
PS1='\[\e[1;34m\]\w\[\e[0m\] \$ '
PROMPT_COMMAND='printf "\e]0;%s\a" "Terminal"'
alias ls='ls --color=auto' ll='ls -l' grep='grep --color=auto'
