# fish completion for videoctl

function __videoctl_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (videoctl __complete $words[2..] 2>/dev/null)
        switch $line
            case :file
                __fish_complete_path (commandline -ct)
            case :folder
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $line
        end
    end
end

complete -c videoctl -f -a '(__videoctl_complete)'
