# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests that need real servers: servers_start FOLDER starts them in this network namespace, each with its files
# in FOLDER, and waits until they answer; they end with the namespace's processes. NAME.log is what each says it did.
# /run is this mount namespace's own.

# names of distributions for one program, with a slash between
servers_needed=(nginx vsftpd sshd exim4/exim dnsmasq redis-server/redis-check-rdb/valkey-server redis-cli/valkey-cli curl openssl tcpdump)

program() { # NAME/NAME...: the path of the first that is installed
	local name
	for name in ${1//\// }; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$name" && return
	done
	return 1
}

servers_there() {
	local name missing=()
	for name in "${servers_needed[@]}"; do
		program "$name" >/dev/null || missing+=("$name")
	done
	[ ${#missing[@]} = 0 ] || { echo "missing servers: ${missing[*]}"; return 1; }
}

server_nginx() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
	cat >"$1/nginx.conf" <<-CONF
		daemon off;
		worker_processes 1;
		pid $1/nginx.pid;
		error_log $1/nginx.error warn;
		events { worker_connections 1024; }
		http {
			log_format done '\$request \$status';
			access_log $1/nginx.log done;
			client_body_temp_path $1/nginx-body;
			proxy_temp_path $1/nginx-proxy;
			fastcgi_temp_path $1/nginx-fastcgi;
			uwsgi_temp_path $1/nginx-uwsgi;
			scgi_temp_path $1/nginx-scgi;
			client_max_body_size 0;
			merge_slashes off;
			underscores_in_headers on;
			ignore_invalid_headers off;
			ssl_certificate $1/cert.pem;
			ssl_certificate_key $1/key.pem;
			ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
			ssl_ciphers ALL:@SECLEVEL=0;
			server {
				listen 80;
				listen [::]:80;
				listen 443 ssl http2;
				location / {
					proxy_http_version 1.1;
					proxy_set_header Host a;
					proxy_pass http://unix:$1/application:;
				}
			}
		}
	CONF
	touch "$1/nginx.log"
	chmod 666 "$1/nginx.log"
	nginx -c "$1/nginx.conf" -p "$1" 2>>"$1/nginx.error" &
}

server_vsftpd() {
	mkdir -p /run/vsftpd/empty "$1/ftp"
	cat >"$1/vsftpd.conf" <<-CONF
		listen=NO
		listen_ipv6=YES
		background=NO
		anonymous_enable=YES
		anon_root=$1/ftp
		local_enable=NO
		write_enable=NO
		secure_chroot_dir=/run/vsftpd/empty
		pam_service_name=vsftpd
		log_ftp_protocol=YES
		xferlog_enable=YES
		xferlog_std_format=NO
		vsftpd_log_file=$1/ftp.log
		seccomp_sandbox=NO
		pasv_enable=YES
	CONF
	vsftpd "$1/vsftpd.conf" &
}

server_sshd() {
	mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$1/ssh-key"
	cat >"$1/sshd.conf" <<-CONF
		Port 2222
		HostKey $1/ssh-key
		PidFile $1/sshd.pid
		UsePAM no
		LogLevel DEBUG2
		MaxStartups 1000
		KexAlgorithms +diffie-hellman-group1-sha1
	CONF
	"$(program sshd)" -D -f "$1/sshd.conf" -E "$1/ssh.log" &
}

server_exim() {
	mkdir -p "$1/exim"
	cat >"$1/exim.conf" <<-CONF
		primary_hostname = mail.example
		spool_directory = $1/exim
		log_file_path = $1/exim/%s.log
		keep_environment =
		acl_smtp_rcpt = accept
		acl_smtp_data = accept
		acl_smtp_vrfy = accept
		acl_smtp_expn = accept
		host_lookup =
		rfc1413_query_timeout = 0s
		smtp_accept_max = 500
		queue_only = true
		tls_advertise_hosts =
		chunking_advertise_hosts = *
		begin acl
		begin routers
		  hole:
		    driver = redirect
		    data = :blackhole:
	CONF
	chown -R Debian-exim "$1/exim" 2>/dev/null || chown -R exim "$1/exim"
	"$(program exim4/exim)" -C "$1/exim.conf" -bdf -oX 25 -d-all+receive >"$1/smtp.log" 2>&1 &
}

server_dnsmasq() {
	dnsmasq --keep-in-foreground --no-resolv --no-hosts --user=root --pid-file="$1/dnsmasq.pid" --conf-file=/dev/null \
		--log-queries --log-facility="$1/dns.log" --address=/example/192.0.2.53 --local=/example/ \
		--txt-record=words.example,some --cache-size=0 &
}

server_redis() {
	ln -sf "$(program redis-server/redis-check-rdb/valkey-server)" "$1/redis-server" # one program under two names
	"$1/redis-server" --port 6379 --bind 0.0.0.0 :: --protected-mode no --save '' --appendonly no --dir "$1" \
		--enable-debug-command yes >"$1/redis.out" 2>&1 &
}

answers() { # PORT...: until each listens
	local port i
	for port in "$@"; do
		for i in $(seq 200); do
			(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue 2
			sleep 0.05
		done
		echo "nothing listens at port $port"
		return 1
	done
}

servers_start() {
	local folder=$1
	PATH=$PATH:/usr/sbin:/sbin
	mkdir -p "$folder"
	chmod 755 "$folder" "$(dirname "$folder")"
	mount -t tmpfs -o mode=755 run /run
	python3 "$top/tests/system/coverage/servers.py" "$folder" &
	server_nginx "$folder"
	server_vsftpd "$folder"
	server_sshd "$folder"
	server_exim "$folder"
	server_dnsmasq "$folder"
	server_redis "$folder"
	answers 80 443 21 2222 25 53 6379 23 110 143 445 7000 7001 7002 7003 7020 || return 1
	"$(program redis-cli/valkey-cli)" monitor >"$folder/redis.log" &
}
