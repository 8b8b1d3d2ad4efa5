# {{ app | name }}: PHP. The image is the release; configuration comes from the environment when it starts.
FROM composer:2 AS build
WORKDIR /app
COPY composer.json composer.lock ./
RUN composer install --no-dev --no-interaction --no-scripts --no-autoloader --ignore-platform-reqs
COPY . .
RUN composer dump-autoload --no-dev --optimize

FROM {{ image }}
{% if packages %}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends{% for package in packages %} {{ package }}{% endfor %} \
    && rm -rf /var/lib/apt/lists/*
{% endif %}
{% if extensions %}
RUN docker-php-ext-install{% for extension in extensions %} {{ extension }}{% endfor %}

{% endif %}
{% for pair in environment %}
ENV {{ pair.name | name }}={{ pair.value | quoted }}
{% endfor %}
ENV PORT={{ port }} \
    APACHE_DOCUMENT_ROOT={{ ("/app/" ~ public) | quoted }}
# Apache reads both from the environment when it starts. A release never changes: its files are looked at once.
RUN a2enmod rewrite \
    && sed -ri 's!Listen 80$!Listen ${PORT}!' /etc/apache2/ports.conf \
    && sed -ri 's!:80>!:${PORT}>!; s!/var/www/html!${APACHE_DOCUMENT_ROOT}!g' /etc/apache2/sites-available/*.conf \
    && sed -ri 's!/var/www/!/app/!g' /etc/apache2/apache2.conf /etc/apache2/conf-available/*.conf \
    && mv "$PHP_INI_DIR/php.ini-production" "$PHP_INI_DIR/php.ini" \
    && printf 'opcache.validate_timestamps=0\nlog_errors=On\nerror_log=/dev/stderr\n' > "$PHP_INI_DIR/conf.d/release.ini"
WORKDIR /app
COPY --from=build --chown=33:33 /app /app
USER 33:33
EXPOSE {{ port }}
